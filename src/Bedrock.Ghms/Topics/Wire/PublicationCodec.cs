using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Topics.Matching;

namespace Bedrock.Ghms.Topics.Wire;

/// <summary>u16 topic length, topic, u32 message code, then that message's payload.</summary>
/// <param name="heartbeatCode">A code that may not stand inside.</param>
/// <param name="keepsBytes">Whether what is received is kept as bytes, to be relayed, or decoded at once.</param>
internal sealed class PublicationCodec(uint heartbeatCode, bool keepsBytes) : EnvelopeCodec<Publication>
{
    public override void Encode(Publication envelope, InnerMessages inner, IBufferWriter<byte> output)
    {
        WriteTopic(envelope.Topic, output);
        if (envelope.IsClearing)
        {
            WriteCode(Ghms.CloseCode, output);
        }
        else if (envelope.HasBytesFor(inner))
        {
            WriteCode(envelope.Code, output);
            output.Write(envelope.Payload);
        }
        else
        {
            inner.Encode(envelope.Message, output);
        }
    }

    public override Publication Decode(in ReadOnlySequence<byte> payload, InnerMessages inner)
    {
        var reader = new SequenceReader<byte>(payload);
        var topic = ReadTopic(ref reader);
        if (!reader.TryReadBigEndian(out int signed))
        {
            throw Violation("A Publication is too short.");
        }

        var code = (uint)signed;
        if (code == Ghms.CloseCode && reader.End)
        {
            return new Publication(topic, code);
        }

        if (code <= Ghms.HeartbeatCode || code == heartbeatCode || code >= Ghms.FirstExtensionCode)
        {
            throw Violation("A Publication has a code inside that no message of an application has.");
        }

        return keepsBytes
            ? new Publication(topic, code) { Payload = reader.UnreadSequence.ToArray(), Source = inner }
            : Decode(topic, code, reader.UnreadSequence, inner);
    }

    private static Publication Decode(string topic, uint code, in ReadOnlySequence<byte> payload, InnerMessages inner)
    {
        try
        {
            return new Publication(topic, code) { Message = inner.Decode(code, payload) };
        }
        catch (GhmsProtocolException failure)
        {
            // Whoever published it is at fault, not the peer that relays it.
            return new Publication(topic, code) { Failure = failure };
        }
    }

    private static string ReadTopic(ref SequenceReader<byte> reader)
    {
        Span<byte> bytes = stackalloc byte[TopicSyntax.MaxSize];
        if (reader.TryReadBigEndian(out short signed) && (ushort)signed is var length && length <= bytes.Length && reader.TryCopyTo(bytes[..length]))
        {
            reader.Advance(length);
            if (TopicSyntax.TryReadTopic(bytes[..length], out var topic))
            {
                return topic;
            }
        }

        throw Violation("A Publication has a bad topic.");
    }

    private static void WriteTopic(string topic, IBufferWriter<byte> output)
    {
        var span = output.GetSpan(sizeof(ushort) + TopicSyntax.MaxSize);
        var length = Encoding.UTF8.GetBytes(topic, span[sizeof(ushort)..]);
        BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)length);
        output.Advance(sizeof(ushort) + length);
    }

    private static void WriteCode(uint code, IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(sizeof(uint)), code);
        output.Advance(sizeof(uint));
    }

    private static GhmsProtocolException Violation(string reason) => new(CloseStatus.ProtocolError, reason);
}
