using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

internal sealed partial class OutboundPipe
{
    // Who gathers messages that this output gets before anything else that is sent from now on.
    private BroadcastBatch? _gatheredBy;

    /// <summary>Becomes a member of <paramref name="batch"/>; of one at a time.</summary>
    public bool TryJoin(BroadcastBatch batch)
    {
        Volatile.Read(ref _gatheredBy)?.Release(_connection);
        return Interlocked.CompareExchange(ref _gatheredBy, batch, null) is null;
    }

    public bool IsMemberOf(BroadcastBatch batch) => ReferenceEquals(Volatile.Read(ref _gatheredBy), batch);

    /// <summary>Queues what a batch has gathered, without sending it, and is no member any more. Called under the batch's lock.</summary>
    /// <remarks>Their senders have been told that they were accepted, so that they count as sent in any case.</remarks>
    public SendOutcome Leave(FrameBuffer? frames)
    {
        lock (this)
        {
            var outcome = frames is null ? SendOutcome.Accepted : AppendGathered(frames);

            // Last: whoever finds no batch here may write at once.
            Volatile.Write(ref _gatheredBy, null);
            return outcome;
        }
    }

    /// <summary>Has what was gathered for this output sent, before something else is.</summary>
    public void Settle()
    {
        if (Volatile.Read(ref _gatheredBy) is { } batch)
        {
            batch.Release(_connection);

            // Whatever comes next may find no room, or have somebody else send it.
            DrainBy(null);
        }
    }

    private SendOutcome AppendGathered(FrameBuffer frames)
    {
        Volatile.Write(ref _queuedMessages, _queuedMessages + MessagesIn(frames));
        var outcome = _closed ? SendOutcome.Closed : Judge(frames, QueueEntry.Bounded);
        if (outcome == SendOutcome.Accepted)
        {
            Append(frames);
        }

        return outcome;
    }
}
