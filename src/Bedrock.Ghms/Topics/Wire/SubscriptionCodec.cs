using System.Buffers;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Topics.Wire;

/// <summary>u8 action, then the filter.</summary>
internal sealed class SubscriptionCodec : EnvelopeCodec<Subscription>
{
    public override void Encode(Subscription envelope, InnerMessages inner, IBufferWriter<byte> output)
    {
        output.Write([(byte)envelope.Action]);
        output.Write(envelope.Filter);
    }

    public override Subscription Decode(in ReadOnlySequence<byte> payload, InnerMessages inner)
    {
        var reader = new SequenceReader<byte>(payload);
        if (!reader.TryRead(out var action) || action is < (byte)SubscriptionAction.Subscribe or > (byte)SubscriptionAction.Unsubscribe)
        {
            throw new GhmsProtocolException(CloseStatus.ProtocolError, "A Subscription has an unknown action.");
        }

        return new Subscription((SubscriptionAction)action, reader.UnreadSequence.ToArray());
    }
}
