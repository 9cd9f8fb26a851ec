using System.Buffers;
using Bedrock.Ghms.Messages;
using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.MessagePack;

internal sealed class MessagePackMessageCodec<T>(IMessagePackFormatter<T> formatter, MessagePackSerializerOptions options) : MessageCodec
    where T : notnull
{
    public override void Encode(object message, IBufferWriter<byte> output)
    {
        var writer = new MessagePackWriter(output);
        formatter.Serialize(ref writer, (T)message, options);
        writer.Flush();
    }

    public override object Decode(in ReadOnlySequence<byte> payload)
    {
        if (payload.IsSingleSegment)
        {
            return Decode(payload.First);
        }

        // Joined, because the library allocates for each string that spans two segments.
        var length = checked((int)payload.Length);
        var joined = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            payload.CopyTo(joined);
            return Decode(joined.AsMemory(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    private T Decode(ReadOnlyMemory<byte> payload)
    {
        MessagePackStrictReader.Verify(payload.Span);
        var reader = new MessagePackReader(payload);
        var message = formatter.Deserialize(ref reader, options);
        if (!reader.End)
        {
            throw new MessagePackSerializationException($"The formatter of {typeof(T)} left bytes over.");
        }

        return message ?? throw new MessagePackSerializationException($"The formatter of {typeof(T)} read null.");
    }
}
