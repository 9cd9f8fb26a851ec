using System.Buffers;
using System.Buffers.Binary;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Requests.Wire;

/// <summary>The payload of Request, Reply and Item: u64 id, u32 code, and the payload of what is inside.</summary>
/// <param name="maybeEmpty">Whether code 0 without a payload is allowed: the end of a stream.</param>
internal sealed class EnvelopeWire<T>(bool maybeEmpty) : EnvelopeCodec<T>
    where T : Envelope<T>, new()
{
    private const int HeadSize = sizeof(ulong) + sizeof(uint);

    public override void Encode(T envelope, InnerMessages inner, IBufferWriter<byte> output)
    {
        var head = output.GetSpan(HeadSize);
        BinaryPrimitives.WriteUInt64BigEndian(head, envelope.Id);
        if (envelope.Message is null)
        {
            head[sizeof(ulong)..HeadSize].Clear();
            output.Advance(HeadSize);
        }
        else
        {
            output.Advance(sizeof(ulong));
            inner.Encode(envelope.Message, output);
        }
    }

    public override T Decode(in ReadOnlySequence<byte> payload, InnerMessages inner)
    {
        if (payload.Length < HeadSize)
        {
            throw new GhmsProtocolException(CloseStatus.ProtocolError, $"A {typeof(T).Name} of {payload.Length} bytes.");
        }

        scoped var head = payload.FirstSpan;
        if (head.Length < HeadSize)
        {
            Span<byte> gathered = stackalloc byte[HeadSize];
            payload.Slice(0, HeadSize).CopyTo(gathered);
            head = gathered;
        }

        var code = BinaryPrimitives.ReadUInt32BigEndian(head[sizeof(ulong)..]);
        var envelope = Envelope<T>.Rent();
        envelope.Id = BinaryPrimitives.ReadUInt64BigEndian(head);
        if (code == 0 && payload.Length == HeadSize && maybeEmpty)
        {
            return envelope;
        }

        try
        {
            envelope.Message = inner.Decode(code, payload.Slice(HeadSize));
        }
        catch (GhmsProtocolException problem)
        {
            envelope.Problem = problem;
        }

        return envelope;
    }
}
