using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

internal sealed partial class OutboundPipe
{
    // Who gathers messages that this output gets before anything else that is sent from now on.
    private BroadcastBatch? _gatheredBy;

    /// <summary>Becomes a member of <paramref name="batch"/>; of one at a time.</summary>
    public bool TryJoin(BroadcastBatch batch)
    {
        Settle();
        return Interlocked.CompareExchange(ref _gatheredBy, batch, null) is null;
    }

    public bool IsMemberOf(BroadcastBatch batch) => ReferenceEquals(Volatile.Read(ref _gatheredBy), batch);

    /// <summary>Queues what a batch has gathered, without sending it, and is no member any more. Called under the batch's lock.</summary>
    /// <remarks>Their senders have been told that they were accepted, so that they count as sent in any case.</remarks>
    public SendOutcome Leave(FrameBuffer? frames)
    {
        lock (this)
        {
            Volatile.Write(ref _gatheredBy, null);
            if (frames is null)
            {
                return SendOutcome.Accepted;
            }

            Volatile.Write(ref _queuedMessages, _queuedMessages + MessagesIn(frames));
            if (_closed)
            {
                return SendOutcome.Closed;
            }

            var outcome = Judge(frames, QueueEntry.Bounded);
            if (outcome == SendOutcome.Accepted)
            {
                Append(frames);
            }

            return outcome;
        }
    }

    /// <summary>Has what was gathered for this output queued, before something else is.</summary>
    public void Settle() => Volatile.Read(ref _gatheredBy)?.Release(_connection);
}
