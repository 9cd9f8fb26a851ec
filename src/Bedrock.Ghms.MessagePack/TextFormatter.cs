using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.MessagePack;

/// <summary>Strings, which are mostly ASCII: written and read in one pass over their bytes, where the library's own code takes two.</summary>
internal sealed class TextFormatter : IMessagePackFormatter<string?>
{
    // A guess at the length of everything longer may cost more than the pass it saves.
    private const int LongestTried = 4_096;

    public static TextFormatter Instance { get; } = new();

    public void Serialize(ref MessagePackWriter writer, string? value, MessagePackSerializerOptions options)
    {
        if (value is null || value.Length > LongestTried || !TryWriteAscii(ref writer, value))
        {
            writer.Write(value);
        }
    }

    // The payload has been verified: these bytes are UTF-8.
    public string? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
        !reader.TryReadStringSpan(out var text) ? reader.ReadString()
        : Ascii.IsValid(text) ? Encoding.Latin1.GetString(text)
        : Encoding.UTF8.GetString(text);

    private static bool TryWriteAscii(ref MessagePackWriter writer, string value)
    {
        var headerSize = value.Length <= MessagePackRange.MaxFixStringLength ? 1 : value.Length <= byte.MaxValue ? 2 : 3;
        var output = writer.GetSpan(headerSize + value.Length);
        if (Ascii.FromUtf16(value, output[headerSize..], out _) != OperationStatus.Done)
        {
            return false;
        }

        switch (headerSize)
        {
            case 1:
                output[0] = (byte)(MessagePackCode.MinFixStr | value.Length);
                break;
            case 2:
                (output[0], output[1]) = (MessagePackCode.Str8, (byte)value.Length);
                break;
            default:
                output[0] = MessagePackCode.Str16;
                BinaryPrimitives.WriteUInt16BigEndian(output[1..], (ushort)value.Length);
                break;
        }

        writer.Advance(headerSize + value.Length);
        return true;
    }
}
