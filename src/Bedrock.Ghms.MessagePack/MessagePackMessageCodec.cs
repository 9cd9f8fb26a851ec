using System.Buffers;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Messages;
using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.MessagePack;

/// <summary>Writes and reads messages of one type.</summary>
/// <param name="formatter">What does it.</param>
/// <param name="options">Handed to it.</param>
/// <param name="skipping">For a payload with empty keys: objects are read without them.</param>
internal sealed class MessagePackMessageCodec<T>(
    IMessagePackFormatter<T> formatter, MessagePackSerializerOptions options, MessagePackSerializerOptions skipping) : MessageCodec
    where T : notnull
{
    // Delegates, because an interface of a generic type costs a look-up at each call from shared generic code.
    private readonly Writer _write = formatter.Serialize;
    private readonly Reader _read = formatter.Deserialize;

    private delegate void Writer(ref MessagePackWriter writer, T message, MessagePackSerializerOptions options);

    private delegate T Reader(ref MessagePackReader reader, MessagePackSerializerOptions options);

    public override void Encode(object message, IBufferWriter<byte> output)
    {
        var writer = new MessagePackWriter(output);
        _write(ref writer, (T)message, options);
        writer.Flush();
    }

    public override object Decode(in ReadOnlySequence<byte> payload) =>
        payload.IsSingleSegment ? Decode(payload.First) : DecodeJoined(payload);

    // Kept out of read loops: inlined there it costs every message the clearing of its locals.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public override object Decode(ReadOnlyMemory<byte> payload)
    {
        var hasEmptyKey = MessagePackStrictReader.Verify(payload.Span);
        var reader = new MessagePackReader(payload);
        var message = hasEmptyKey ? Skip(ref reader) : _read(ref reader, options);
        if (!reader.End)
        {
            throw new MessagePackSerializationException($"The formatter of {typeof(T)} left bytes over.");
        }

        return message ?? throw new MessagePackSerializationException($"The formatter of {typeof(T)} read null.");
    }

    private T Skip(ref MessagePackReader reader) => skipping.Resolver.GetFormatterWithVerify<T>().Deserialize(ref reader, skipping);

    private object DecodeJoined(in ReadOnlySequence<byte> payload)
    {
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
}
