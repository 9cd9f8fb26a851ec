using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.MessagePack;

/// <summary>Refuses a value that lacks a member which must not be null.</summary>
/// <param name="inner">Reads and writes the value.</param>
/// <param name="findMissing">Names a member that is null and must not be, if there is one.</param>
internal sealed class RequiredMembersFormatter<T>(IMessagePackFormatter<T> inner, Func<T, string?> findMissing) : IMessagePackFormatter<T>
{
    public void Serialize(ref MessagePackWriter writer, T value, MessagePackSerializerOptions options) => inner.Serialize(ref writer, value, options);

    public T Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        var value = inner.Deserialize(ref reader, options);
        return value is not null && findMissing(value) is { } missing
            ? throw new MessagePackSerializationException($"{typeof(T)}.{missing} is missing or nil.")
            : value;
    }
}
