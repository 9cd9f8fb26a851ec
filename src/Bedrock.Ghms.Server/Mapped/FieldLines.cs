using System.Buffers;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Http;

namespace Bedrock.Ghms.Server.Mapped;

/// <summary>Turns the fields of a request that the host has parsed into lines again, so that they are judged where those of raw listeners are.</summary>
internal static class FieldLines
{
    /// <returns><see langword="false"/> for a field that no raw listener would have read.</returns>
    public static bool TryWrite(IHeaderDictionary fields, IBufferWriter<byte> output)
    {
        foreach (var (name, values) in fields)
        {
            foreach (var value in values)
            {
                // The host has decoded the value as UTF-8, so these are the octets that were sent.
                var octets = Encoding.UTF8.GetBytes(value ?? "");
                if (!FieldSyntax.IsToken(name) || octets.AsSpan().ContainsAny(FieldSyntax.Controls))
                {
                    return false;
                }

                output.Write(Encoding.ASCII.GetBytes(name));
                output.Write(":"u8);
                output.Write(octets);
                output.Write("\r\n"u8);
            }
        }

        return true;
    }
}
