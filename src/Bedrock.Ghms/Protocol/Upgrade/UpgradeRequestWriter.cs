using System.Buffers;
using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Writes the client's upgrade request (RFC 9112 §3). Safe for concurrent use.</summary>
public static class UpgradeRequestWriter
{
    private const int MaxAccept = 100;

    /// <summary>Writes a request, or nothing if it throws.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="request">What to ask for. The order of <see cref="UpgradeRequest.Accept"/> is expressed by falling q-values.</param>
    /// <exception cref="ArgumentException">The request holds what a server of this library would refuse: a path that is not in origin-form or is too
    /// long, a malformed host, media type or field, a field that the writer owns, a value out of range, or too much of them.</exception>
    public static void Write(IBufferWriter<byte> output, UpgradeRequest request)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(request);
        Check(request);

        var head = new ArrayBufferWriter<byte>(512);
        head.Write("GET "u8);
        head.WriteAscii(request.Path);
        head.Write(" HTTP/1.1\r\n"u8);
        var line = head.WrittenCount;
        WriteFields(head, request);
        if (head.WrittenCount - line > HeadLimits.FieldBytes)
        {
            throw new ArgumentException("The header fields are too large.", nameof(request));
        }

        output.Write(head.WrittenSpan);
        output.Write("\r\n"u8);
    }

    private static void WriteFields(ArrayBufferWriter<byte> output, UpgradeRequest request)
    {
        output.WriteField("Host", request.Host);
        output.Write("Connection: Upgrade\r\nUpgrade: GHMS/0.1\r\n"u8);
        WriteAccept(output, request.Accept);
        if (request.Timeout is { } timeout)
        {
            output.WriteField("GHMS-Timeout: "u8, UpgradeTerms.ToMilliseconds(timeout, nameof(request)));
        }

        if (request.MaxMessageSize is { } size)
        {
            output.WriteField("GHMS-Max-Message-Size: "u8, size);
        }

        foreach (var (name, value) in request.Fields)
        {
            output.WriteField(name, value);
        }
    }

    private static void Check(UpgradeRequest request)
    {
        const int AroundTarget = 13; // "GET " and " HTTP/1.1"

        var path = request.Path ?? string.Empty;
        if (path.Length > HeadLimits.StartLine - AroundTarget || !Ascii.IsValid(path) || !TargetSyntax.TryRead(Encoding.ASCII.GetBytes(path), out _))
        {
            throw new ArgumentException("The path is not in origin-form, or is too long.", nameof(request));
        }

        var host = request.Host ?? string.Empty;
        if (!Ascii.IsValid(host) || !HostSyntax.IsValid(Encoding.ASCII.GetBytes(host)))
        {
            throw new ArgumentException("The host is not a name or address with an optional port.", nameof(request));
        }

        if (request.Accept is not { Count: > 0 and <= MaxAccept } || !request.Accept.All(name => FieldSyntax.IsMediaType(name)))
        {
            throw new ArgumentException("Between 1 and 100 media types without parameters or wildcards are needed.", nameof(request));
        }

        if (request.Timeout is { } timeout)
        {
            UpgradeTerms.ToMilliseconds(timeout, nameof(request));
        }

        if (request.MaxMessageSize is { } size)
        {
            UpgradeTerms.CheckMaxMessageSize(size, nameof(request));
        }

        ExtraFields.Check(
            request.Fields,
            ["Host", "Connection", "Upgrade", "Accept", "Content-Length", "Transfer-Encoding", "GHMS-Timeout", "GHMS-Max-Message-Size"],
            nameof(request));
    }

    private static void WriteAccept(IBufferWriter<byte> output, IReadOnlyList<string> mediaTypes)
    {
        // Up to ten fit in tenths; a q of 0 would exclude.
        var step = mediaTypes.Count <= 10 ? 100 : 10;
        output.Write("Accept: "u8);
        output.WriteAscii(mediaTypes[0]);
        for (var i = 1; i < mediaTypes.Count; i++)
        {
            var hundredths = 100 - (i * step / 10);
            output.Write(", "u8);
            output.WriteAscii(mediaTypes[i]);
            output.Write(hundredths < 10 ? ";q=0.0"u8 : ";q=0."u8);
            output.WriteNumber(hundredths % 10 == 0 ? hundredths / 10 : hundredths);
        }

        output.Write("\r\n"u8);
    }
}
