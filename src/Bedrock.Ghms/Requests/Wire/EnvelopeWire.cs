using System.Buffers;
using System.Buffers.Binary;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Requests.Wire;

/// <summary>The payload of Request, Reply and Item: u64 id, u32 code, and the payload of what is inside.</summary>
/// <param name="rent">Makes the envelope, or takes one that was used before.</param>
/// <param name="maybeEmpty">Whether code 0 without a payload is allowed: the end of a stream.</param>
internal sealed class EnvelopeWire<T>(Func<T> rent, bool maybeEmpty) : EnvelopeCodec<T>
    where T : Envelope
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
        if (payload.IsSingleSegment)
        {
            return Decode(payload.First, inner);
        }

        Span<byte> head = stackalloc byte[(int)Math.Min(HeadSize, payload.Length)];
        payload.Slice(0, head.Length).CopyTo(head);
        var envelope = Begin(head, payload.Length, out var code);
        if (!IsEnd(code, payload.Length))
        {
            try
            {
                envelope.Message = inner.Decode(code, payload.Slice(HeadSize));
            }
            catch (GhmsProtocolException problem)
            {
                envelope.Problem = problem;
            }
        }

        return envelope;
    }

    public override T Decode(ReadOnlyMemory<byte> payload, InnerMessages inner)
    {
        var envelope = Begin(payload.Span, payload.Length, out var code);
        if (!IsEnd(code, payload.Length))
        {
            try
            {
                envelope.Message = inner.Decode(code, payload[HeadSize..]);
            }
            catch (GhmsProtocolException problem)
            {
                envelope.Problem = problem;
            }
        }

        return envelope;
    }

    private T Begin(ReadOnlySpan<byte> head, long length, out uint code)
    {
        if (head.Length < HeadSize)
        {
            throw new GhmsProtocolException(CloseStatus.ProtocolError, $"A {typeof(T).Name} of {length} bytes.");
        }

        var envelope = rent();
        envelope.Id = BinaryPrimitives.ReadUInt64BigEndian(head);
        code = BinaryPrimitives.ReadUInt32BigEndian(head[sizeof(ulong)..]);
        return envelope;
    }

    private bool IsEnd(uint code, long length) => code == 0 && length == HeadSize && maybeEmpty;
}
