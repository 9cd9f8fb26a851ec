using System.Buffers;
using System.Collections;
using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.MessagePack;

/// <summary>Skips empty keys like any other that an object does not know: generated formatters throw there.</summary>
/// <remarks>Costs a copy of an object's map that has such a key, and is asked only for payloads in which there is an empty key.</remarks>
internal sealed class EmptyKeyFormatter<T>(IMessagePackFormatter<T> inner) : IMessagePackFormatter<T>
{
    /// <summary>Whether maps are read as objects of this type; dictionaries, which is what an <see cref="object"/> becomes, have a use for empty keys.</summary>
    public static bool IsNeeded { get; } = !typeof(T).IsPrimitive && typeof(T) != typeof(object) && !typeof(IEnumerable).IsAssignableFrom(typeof(T));

    public void Serialize(ref MessagePackWriter writer, T value, MessagePackSerializerOptions options) => inner.Serialize(ref writer, value, options);

    public T Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        if (reader.NextMessagePackType != MessagePackType.Map || CountEmptyKeys(reader) is not (> 0 and var empty))
        {
            return inner.Deserialize(ref reader, options);
        }

        var cleaned = new MessagePackReader(WithoutEmptyKeys(ref reader, empty)) { Depth = reader.Depth };
        return inner.Deserialize(ref cleaned, options);
    }

    private static int CountEmptyKeys(MessagePackReader reader)
    {
        var empty = 0;
        for (var left = reader.ReadMapHeader(); left > 0; left--)
        {
            empty += IsEmpty(reader) ? 1 : 0;
            reader.Skip();
            reader.Skip();
        }

        return empty;
    }

    private static ReadOnlyMemory<byte> WithoutEmptyKeys(ref MessagePackReader reader, int empty)
    {
        var kept = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(kept);
        var left = reader.ReadMapHeader();
        writer.WriteMapHeader(left - empty);
        for (; left > 0; left--)
        {
            var isEmpty = IsEmpty(reader);
            var (key, value) = (reader.ReadRaw(), reader.ReadRaw());
            if (!isEmpty)
            {
                writer.WriteRaw(key);
                writer.WriteRaw(value);
            }
        }

        writer.Flush();
        return kept.WrittenMemory;
    }

    // Of a copy of the reader, which itself stays where it is.
    private static bool IsEmpty(MessagePackReader reader) =>
        reader.NextMessagePackType == MessagePackType.String && reader.ReadStringSequence() is { Length: 0 };
}
