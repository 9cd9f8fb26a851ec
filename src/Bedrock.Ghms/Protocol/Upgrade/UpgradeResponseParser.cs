using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>
/// Reads the head of the response to an upgrade request (RFC 9112 §4 and §5) with the limits of <see cref="UpgradeRequestParser"/>, and skips
/// up to 8 interim responses before it (RFC 9110 §15.2).
/// </summary>
/// <remarks>For one connection; not safe for concurrent use. It holds a pooled buffer while a head is incomplete.</remarks>
public sealed class UpgradeResponseParser : IDisposable
{
    private const int MaxInterim = 8;

    private HeadAssembler<StatusLine> _assembler;
    private int _interim;

    /// <summary>Goes on with the bytes that follow those already consumed.</summary>
    /// <param name="input">What has arrived.</param>
    /// <param name="consumed">The first byte behind the final response's blank line, or the end of <paramref name="input"/> if that has not arrived.</param>
    /// <param name="response">The final response; it stays valid.</param>
    /// <returns>Whether the final response is complete. Do not call again then.</returns>
    /// <exception cref="GhmsUpgradeException">This is no HTTP/1.x response, is malformed or too large, or follows too many interim ones.</exception>
    public bool TryParse(in ReadOnlySequence<byte> input, out SequencePosition consumed, [NotNullWhen(true)] out UpgradeResponse? response)
    {
        response = null;
        var rest = input;
        while (true)
        {
            var status = _assembler.Parse(rest, out consumed);
            if (status == UpgradeParseStatus.Rejected)
            {
                throw new GhmsUpgradeException($"The peer's answer is not an HTTP/1.1 response of a proper size ({_assembler.Fault}).");
            }

            if (status == UpgradeParseStatus.NeedMore)
            {
                return false;
            }

            if (!_assembler.StartLine.IsInterim)
            {
                response = Read(_assembler);
                return true;
            }

            if (++_interim > MaxInterim)
            {
                throw new GhmsUpgradeException($"The peer sent more than {MaxInterim} interim responses.");
            }

            _assembler.Reset();
            rest = rest.Slice(consumed);
        }
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => _assembler.Reset();

    private static UpgradeResponse Read(in HeadAssembler<StatusLine> assembler)
    {
        var connection = false;
        var protocols = 0;
        var protocol = default(ReadOnlySpan<byte>);
        var contentTypes = 0;
        var contentType = default(ReadOnlySpan<byte>);
        var lengths = 0;
        var length = default(ReadOnlySpan<byte>);
        var transferEncoding = default(ReadOnlySpan<byte>);
        var hasTransferEncoding = false;
        var retryAfter = default(ReadOnlySpan<byte>);
        var terms = default(TermsReader);

        foreach (var field in new UpgradeFields(assembler.Head[assembler.FieldsOffset..]))
        {
            if (field.Is("Connection"u8))
            {
                connection |= ListReader.Contains(field.Value, "upgrade"u8);
            }
            else if (field.Is("Upgrade"u8))
            {
                protocols++;
                protocol = field.Value;
            }
            else if (field.Is("Content-Type"u8))
            {
                contentTypes++;
                contentType = field.Value;
            }
            else if (field.Is("Content-Length"u8))
            {
                lengths++;
                length = field.Value;
            }
            else if (field.Is("Transfer-Encoding"u8))
            {
                hasTransferEncoding = true;
                transferEncoding = field.Value;
            }
            else if (field.Is("Retry-After"u8))
            {
                retryAfter = field.Value;
            }
            else
            {
                terms.Add(field);
            }
        }

        var fault = terms.Read(out var read);
        return new UpgradeResponse
        {
            Status = assembler.StartLine.Status,
            Reason = Encoding.Latin1.GetString(assembler.Head[StatusLine.ReasonStart..(assembler.FieldsOffset - 2)]),
            IsHttp11 = assembler.StartLine.IsHttp11,
            ConnectionIsUpgrade = connection,
            UpgradeIsProtocol = protocols == 1 && FieldSyntax.IsProtocol(protocol),
            ContentType = contentTypes == 1 ? Encoding.Latin1.GetString(contentType) : null,
            Terms = fault == UpgradeRejection.None ? read : default,
            TermsFault = fault,
            RetryAfter = FieldSyntax.TryReadDigits(retryAfter, 9, out var seconds) ? TimeSpan.FromSeconds(seconds) : null,
            ContentLength = lengths == 1 && !hasTransferEncoding && FieldSyntax.TryReadDigits(length, 18, out var bytes) ? bytes : null,
            IsChunked = Ascii.EqualsIgnoreCase(transferEncoding, "chunked"u8),
        };
    }
}
