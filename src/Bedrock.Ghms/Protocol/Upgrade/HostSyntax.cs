using System.Buffers;
using System.Net;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The value of Host: <c>uri-host [ ":" port ]</c> (RFC 9110 §7.2, RFC 3986 §3.2.2), never empty.</summary>
internal static class HostSyntax
{
    // reg-name without "%"; IPv4 addresses are spelled in it too.
    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        "-._~!$&'()*+,;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // Keeps out zones and ports, which IPAddress would take.
    private static readonly SearchValues<byte> AddressBytes = SearchValues.Create("0123456789ABCDEFabcdef:."u8);

    public static bool IsValid(ReadOnlySpan<byte> host)
    {
        var end = host is [(byte)'[', ..] ? host.IndexOf((byte)']') + 1 : host.IndexOf((byte)':');
        if (end < 0)
        {
            end = host.Length;
        }

        return IsName(host[..end]) && IsPort(host[end..]);
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        if (name is [(byte)'[', .. var address, (byte)']'])
        {
            return address.Contains((byte)':') && !address.ContainsAnyExcept(AddressBytes) && IPAddress.IsValidUtf8(address);
        }

        while (true)
        {
            var stop = name.IndexOfAnyExcept(Plain);
            if (stop < 0)
            {
                return !name.IsEmpty;
            }

            if (!TargetSyntax.TryReadEscape(name[stop..], out _))
            {
                return false;
            }

            if (name.Length == stop + 3)
            {
                return true;
            }

            name = name[(stop + 3)..];
        }
    }

    private static bool IsPort(ReadOnlySpan<byte> port)
    {
        if (port.IsEmpty)
        {
            return true;
        }

        var digits = port[1..].TrimStart((byte)'0');
        return port[0] == ':' && (digits.IsEmpty || (FieldSyntax.TryReadDigits(digits, 5, out var number) && number <= ushort.MaxValue));
    }
}
