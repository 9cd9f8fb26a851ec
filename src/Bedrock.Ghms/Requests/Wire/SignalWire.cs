using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Requests.Wire;

/// <summary>The payload of a message that carries no other: u64 id, and fields of its own.</summary>
internal abstract class SignalWire<T> : EnvelopeCodec<T>
    where T : RequestMessage
{
    public sealed override void Encode(T envelope, InnerMessages inner, IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteUInt64BigEndian(output.GetSpan(sizeof(ulong)), envelope.Id);
        output.Advance(sizeof(ulong));
        WriteFields(envelope, output);
    }

    public sealed override T Decode(in ReadOnlySequence<byte> payload, InnerMessages inner)
    {
        var reader = new SequenceReader<byte>(payload);
        return reader.TryReadBigEndian(out long id) && TryReadFields(ref reader, (ulong)id) is { } signal && reader.End
            ? signal
            : throw new GhmsProtocolException(CloseStatus.ProtocolError, $"A {typeof(T).Name} of {payload.Length} bytes.");
    }

    protected abstract void WriteFields(T signal, IBufferWriter<byte> output);

    protected abstract T? TryReadFields(ref SequenceReader<byte> reader, ulong id);
}

/// <summary>u16 status and a UTF-8 text; what is not UTF-8 in it is replaced, for it is only shown.</summary>
internal sealed class FaultWire : SignalWire<Fault>
{
    protected override void WriteFields(Fault signal, IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(sizeof(ushort)), (ushort)signal.Status);
        output.Advance(sizeof(ushort));
        Encoding.UTF8.GetBytes(signal.Text, output);
    }

    protected override Fault? TryReadFields(ref SequenceReader<byte> reader, ulong id)
    {
        if (!reader.TryReadBigEndian(out short status))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(reader.UnreadSequence);
        reader.AdvanceToEnd();
        return new Fault { Id = id, Status = (CloseStatus)(ushort)status, Text = text };
    }
}

/// <summary>Nothing but the id.</summary>
internal sealed class CancelWire : SignalWire<Cancel>
{
    protected override void WriteFields(Cancel signal, IBufferWriter<byte> output)
    {
    }

    protected override Cancel TryReadFields(ref SequenceReader<byte> reader, ulong id) => new() { Id = id };
}

/// <summary>u32 count.</summary>
internal sealed class CreditWire : SignalWire<Credit>
{
    protected override void WriteFields(Credit signal, IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(sizeof(uint)), signal.Count);
        output.Advance(sizeof(uint));
    }

    protected override Credit? TryReadFields(ref SequenceReader<byte> reader, ulong id) =>
        reader.TryReadBigEndian(out int count) ? new Credit { Id = id, Count = (uint)count } : null;
}
