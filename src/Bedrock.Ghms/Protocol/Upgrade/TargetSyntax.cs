using System.Buffers;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The origin-form of a request target (RFC 9112 §3.2.1, RFC 3986 §3.3 and §3.4).</summary>
internal static class TargetSyntax
{
    // pchar and "/", without "%": what needs no second look in a path or a query.
    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        "-._~!$&'()*+,;=:@/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    public static bool TryRead(ReadOnlySpan<byte> target, out int pathLength)
    {
        pathLength = target.Length;
        if (target is not [(byte)'/', ..])
        {
            return false;
        }

        for (var position = 1; ;)
        {
            var stop = target[position..].IndexOfAnyExcept(Plain);
            if (stop < 0)
            {
                return true;
            }

            position += stop;
            switch (target[position])
            {
                case (byte)'?':
                    pathLength = Math.Min(pathLength, position);
                    position++;
                    break;
                case (byte)'%' when TryReadEscape(target[position..], out _):
                    position += 3;
                    break;
                default:
                    return false;
            }
        }
    }

    /// <summary>Reads the <c>%XX</c> that <paramref name="bytes"/> begin with.</summary>
    public static bool TryReadEscape(ReadOnlySpan<byte> bytes, out byte octet)
    {
        octet = 0;
        if (bytes is not [(byte)'%', var high, var low, ..] || !char.IsAsciiHexDigit((char)high) || !char.IsAsciiHexDigit((char)low))
        {
            return false;
        }

        octet = (byte)((HexValue(high) << 4) | HexValue(low));
        return true;
    }

    /// <summary>The value of a hexadecimal digit of either case.</summary>
    public static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
