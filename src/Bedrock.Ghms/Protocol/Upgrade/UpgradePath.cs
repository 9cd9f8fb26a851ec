using System.Buffers;
using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Turns the path of a request into the text that brokers are mapped by. Safe for concurrent use.</summary>
public static class UpgradePath
{
    /// <summary>Percent-decodes a path once (RFC 3986 §2.1) and changes nothing else: case and trailing slashes matter.</summary>
    /// <param name="rawPath">The path as sent, such as <see cref="UpgradeRequestHead.Path"/>.</param>
    /// <param name="destination">Gets the path; never more characters than <paramref name="rawPath"/> has bytes.</param>
    /// <param name="written">How many characters the path has; 0 if there is none.</param>
    /// <returns>
    /// <see langword="false"/> for a path that is never mapped (404): one with an encoded slash or zero, with octets that are not UTF-8,
    /// or with a segment that is <c>.</c> or <c>..</c> once decoded.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="rawPath"/>.</exception>
    public static bool TryDecode(ReadOnlySpan<byte> rawPath, Span<char> destination, out int written)
    {
        if (destination.Length < rawPath.Length)
        {
            throw new ArgumentException("The destination is shorter than the path.", nameof(destination));
        }

        written = 0;
        var length = 0;
        while (!rawPath.IsEmpty)
        {
            if (rawPath[0] != '%')
            {
                if (!char.IsAscii((char)rawPath[0]))
                {
                    return false;
                }

                destination[length++] = (char)rawPath[0];
                rawPath = rawPath[1..];
            }
            else if (TryDecodeRune(rawPath, out var rune, out var octets) && rune.Value is not (0 or '/'))
            {
                length += rune.EncodeToUtf16(destination[length..]);
                rawPath = rawPath[(3 * octets)..];
            }
            else
            {
                return false;
            }
        }

        if (HasDotSegment(destination[..length]))
        {
            return false;
        }

        written = length;
        return true;
    }

    private static bool TryDecodeRune(ReadOnlySpan<byte> escapes, out Rune rune, out int octets)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var count = 0;
        while (count < utf8.Length && TargetSyntax.TryReadEscape(escapes[(3 * count)..], out utf8[count]))
        {
            count++;
        }

        return Rune.DecodeFromUtf8(utf8[..count], out rune, out octets) == OperationStatus.Done;
    }

    private static bool HasDotSegment(ReadOnlySpan<char> path)
    {
        foreach (var segment in path.Split('/'))
        {
            if (path[segment] is "." or "..")
            {
                return true;
            }
        }

        return false;
    }
}
