using System.Buffers;
using System.Buffers.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Writes the server's answer to an upgrade request (RFC 9110 §15.2.2 and RFC 9112 §4). Writes nothing if it throws.</summary>
public static class UpgradeResponseWriter
{
    /// <summary>Writes the 101, after which messages follow.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="mediaType">The name of the chosen encoding: in lower case, without parameters.</param>
    /// <param name="timeout">How long this server waits for bytes: whole milliseconds from 100 ms to 1 h.</param>
    /// <param name="maxMessageSize">The largest payload in bytes that this server accepts, at least 1.</param>
    /// <exception cref="ArgumentException">An argument is one that no client may accept.</exception>
    public static void WriteSwitchingProtocols(IBufferWriter<byte> output, string mediaType, TimeSpan timeout, uint maxMessageSize)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(mediaType);
        if (!FieldSyntax.IsLowerMediaType(mediaType))
        {
            throw new ArgumentException("Not a media type in lower case without parameters.", nameof(mediaType));
        }

        var milliseconds = UpgradeTerms.ToMilliseconds(timeout, nameof(timeout));
        UpgradeTerms.CheckMaxMessageSize(maxMessageSize, nameof(maxMessageSize));

        output.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n"u8);
        output.WriteField("Content-Type", mediaType);
        output.WriteField("GHMS-Timeout: "u8, milliseconds);
        output.WriteField("GHMS-Max-Message-Size: "u8, maxMessageSize);
        output.Write("\r\n"u8);
    }

    /// <summary>Writes a complete response that refuses the upgrade; the connection is to be closed after it.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="refusal">What to answer.</param>
    /// <param name="now">The time for <c>Date</c> (RFC 9110 §6.6.1).</param>
    /// <param name="toHead">Whether the request was a HEAD: then the body is left out, and nothing else changes.</param>
    public static void WriteRefusal(IBufferWriter<byte> output, UpgradeRefusal refusal, DateTimeOffset now, bool toHead)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(refusal);

        output.Write("HTTP/1.1 "u8);
        output.WriteNumber(refusal.Status);
        output.Write(" "u8);
        output.WriteAscii(PhraseOf(refusal.Status));
        output.Write(refusal.Status == 426
            ? "\r\nConnection: close, Upgrade\r\nUpgrade: GHMS/0.1\r\n"u8
            : "\r\nConnection: close\r\n"u8);
        output.Write("Content-Type: text/plain; charset=utf-8\r\n"u8);
        output.WriteField("Content-Length: "u8, refusal.Text.Length);
        WriteDate(output, now);
        if (refusal.Status == 405)
        {
            output.Write("Allow: GET\r\n"u8);
        }

        if (refusal.RetryAfter is { } retryAfter)
        {
            output.WriteField("Retry-After: "u8, (long)Math.Ceiling(retryAfter.TotalSeconds));
        }

        foreach (var (name, value) in refusal.Fields)
        {
            output.WriteField(name, value);
        }

        output.Write("\r\n"u8);
        if (!toHead)
        {
            output.WriteAscii(refusal.Text);
        }
    }

    private static void WriteDate(IBufferWriter<byte> output, DateTimeOffset now)
    {
        output.Write("Date: "u8);
        Utf8Formatter.TryFormat(now, output.GetSpan(29), out var written, 'R');
        output.Advance(written);
        output.Write("\r\n"u8);
    }

    private static string PhraseOf(int status) => status switch
    {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        414 => "URI Too Long",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Refused",
    };
}
