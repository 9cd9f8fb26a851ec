using System.Buffers;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Topics.Wire;

/// <summary>u8 result, u8 action, then the filter.</summary>
internal sealed class SubscriptionResultCodec : EnvelopeCodec<SubscriptionResult>
{
    public override void Encode(SubscriptionResult envelope, InnerMessages inner, IBufferWriter<byte> output)
    {
        output.Write([(byte)envelope.Outcome, (byte)envelope.Action]);
        output.Write(envelope.Filter);
    }

    public override SubscriptionResult Decode(in ReadOnlySequence<byte> payload, InnerMessages inner)
    {
        var reader = new SequenceReader<byte>(payload);
        if (!reader.TryRead(out var outcome) || !reader.TryRead(out var action))
        {
            throw new GhmsProtocolException(CloseStatus.ProtocolError, "A SubscriptionResult is too short.");
        }

        return new SubscriptionResult((SubscriptionOutcome)outcome, (SubscriptionAction)action, reader.UnreadSequence.ToArray());
    }
}
