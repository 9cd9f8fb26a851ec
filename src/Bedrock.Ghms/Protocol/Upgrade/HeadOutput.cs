using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Writes the pieces of a head; whoever calls has made sure that texts are sendable ASCII.</summary>
internal static class HeadOutput
{
    public static void WriteAscii(this IBufferWriter<byte> output, string text)
    {
        var span = output.GetSpan(text.Length);
        output.Advance(Encoding.ASCII.GetBytes(text, span));
    }

    public static void WriteNumber(this IBufferWriter<byte> output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var written);
        output.Advance(written);
    }

    public static void WriteField(this IBufferWriter<byte> output, string name, string value)
    {
        output.WriteAscii(name);
        output.Write(": "u8);
        output.WriteAscii(value);
        output.Write("\r\n"u8);
    }

    public static void WriteField(this IBufferWriter<byte> output, ReadOnlySpan<byte> nameAndColon, long number)
    {
        output.Write(nameAndColon);
        output.WriteNumber(number);
        output.Write("\r\n"u8);
    }
}
