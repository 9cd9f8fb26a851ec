using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Bedrock.Ghms.Messages.Encodings;

internal sealed class JsonMessageCodec<T>(JsonTypeInfo<T> contract) : MessageCodec
    where T : notnull
{
    public override void Encode(object message, IBufferWriter<byte> output)
    {
        var writer = ThreadJsonWriter.Take(output, contract.Options.Encoder);
        try
        {
            JsonSerializer.Serialize(writer, (T)message, contract);
            writer.Flush();
        }
        finally
        {
            ThreadJsonWriter.Return(writer);
        }
    }

    public override object Decode(in ReadOnlySequence<byte> payload)
    {
        if (payload.IsSingleSegment)
        {
            return Decode(payload.FirstSpan);
        }

        var length = checked((int)payload.Length);
        var joined = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            payload.CopyTo(joined);
            return Decode(joined.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    private T Decode(ReadOnlySpan<byte> json)
    {
        JsonStrictReader.Verify(json);
        return JsonSerializer.Deserialize(json, contract) ?? throw new JsonException($"A converter read a {typeof(T)} as null.");
    }
}
