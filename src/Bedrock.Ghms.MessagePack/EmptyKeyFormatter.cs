using System.Buffers;
using System.Collections;
using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.MessagePack;

/// <summary>Skips empty keys like any other that an object does not know: generated formatters throw there.</summary>
/// <remarks>Costs a copy of the object's map, and is asked only for payloads in which there is an empty key.</remarks>
internal sealed class EmptyKeyFormatter<T>(IMessagePackFormatter<T> inner) : IMessagePackFormatter<T>
{
    /// <summary>Whether maps are read as objects of this type; dictionaries, which is what an <see cref="object"/> becomes, have a use for empty keys.</summary>
    public static bool IsNeeded { get; } = !typeof(T).IsPrimitive && typeof(T) != typeof(object) && !typeof(IEnumerable).IsAssignableFrom(typeof(T));

    public void Serialize(ref MessagePackWriter writer, T value, MessagePackSerializerOptions options) => inner.Serialize(ref writer, value, options);

    public T Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        if (reader.NextMessagePackType != MessagePackType.Map)
        {
            return inner.Deserialize(ref reader, options);
        }

        var cleaned = new MessagePackReader(WithoutEmptyKeys(ref reader)) { Depth = reader.Depth };
        return inner.Deserialize(ref cleaned, options);
    }

    private static ReadOnlyMemory<byte> WithoutEmptyKeys(ref MessagePackReader reader)
    {
        var kept = new ArrayBufferWriter<byte>();
        var members = new MessagePackWriter(kept);
        var count = 0;
        for (var left = reader.ReadMapHeader(); left > 0; left--)
        {
            var isEmpty = IsEmpty(reader);
            var key = reader.ReadRaw();
            var value = reader.ReadRaw();
            if (!isEmpty)
            {
                members.WriteRaw(key);
                members.WriteRaw(value);
                count++;
            }
        }

        members.Flush();
        var map = new ArrayBufferWriter<byte>(kept.WrittenCount + 5);
        var writer = new MessagePackWriter(map);
        writer.WriteMapHeader(count);
        writer.WriteRaw(kept.WrittenSpan);
        writer.Flush();
        return map.WrittenMemory;
    }

    // A copy of the reader, which stays where it is.
    private static bool IsEmpty(MessagePackReader reader) =>
        reader.NextMessagePackType == MessagePackType.String && reader.ReadStringSequence() is { Length: 0 };
}
