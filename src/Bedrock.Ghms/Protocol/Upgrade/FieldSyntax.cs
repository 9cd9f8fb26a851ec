using System.Buffers;
using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The character classes of RFC 9110 §5.5 and §5.6, shared by the parsers and the writers.</summary>
internal static class FieldSyntax
{
    /// <summary>Bytes of a token.</summary>
    public static readonly SearchValues<byte> Token = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>Control characters, among them CR and LF, but not HTAB: where any line ends, well or badly.</summary>
    public static readonly SearchValues<byte> Controls = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    /// <summary>Optional white space around values and list elements.</summary>
    public static ReadOnlySpan<byte> Space => " \t"u8;

    public static bool IsToken(ReadOnlySpan<byte> bytes) => !bytes.IsEmpty && !bytes.ContainsAnyExcept(Token);

    public static bool IsToken(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAscii(c) || !Token.Contains((byte)c))
            {
                return false;
            }
        }

        return !text.IsEmpty;
    }

    /// <summary>Whether our own writers may send <paramref name="text"/> in a line: ASCII without control characters but HTAB.</summary>
    public static bool IsSendable(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAscii(c) || Controls.Contains((byte)c))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads 1 to <paramref name="maxDigits"/> (at most 18) decimal digits and nothing else.</summary>
    public static bool TryReadDigits(ReadOnlySpan<byte> digits, int maxDigits, out long value)
    {
        value = 0;
        if (digits.IsEmpty || digits.Length > maxDigits)
        {
            return false;
        }

        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        return true;
    }

    /// <summary>Whether <paramref name="mediaType"/> is <c>type/subtype</c> without parameters or wildcard.</summary>
    public static bool IsMediaType(ReadOnlySpan<char> mediaType)
    {
        var slash = mediaType.IndexOf('/');
        return slash > 0
            && mediaType[..slash] is not "*"
            && mediaType[(slash + 1)..] is not "*"
            && IsToken(mediaType[..slash])
            && IsToken(mediaType[(slash + 1)..]);
    }

    /// <summary>Whether <paramref name="mediaType"/> is <c>type/subtype</c> without parameters or wildcard, and in lower case.</summary>
    public static bool IsLowerMediaType(ReadOnlySpan<char> mediaType)
    {
        foreach (var c in mediaType)
        {
            if (char.IsAsciiLetterUpper(c))
            {
                return false;
            }
        }

        return IsMediaType(mediaType);
    }

    /// <summary>Whether <paramref name="protocol"/> is <c>GHMS/0.1</c>: the name without regard to case, the version exactly (RFC 9110 §7.8).</summary>
    public static bool IsProtocol(ReadOnlySpan<byte> protocol) => Ascii.EqualsIgnoreCase(protocol, Ghms.Protocol);
}
