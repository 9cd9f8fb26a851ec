using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

internal sealed partial class OutboundPipe
{
    // Under the lock: what has been dropped since this consumer was last known to keep up.
    private int _droppedLately;

    /// <summary>Queues a frame of a type that may be dropped: nobody waits for its sake, and it disconnects nobody that it need not.</summary>
    public SendOutcome EnqueueOrDrop(FrameBuffer frame, OverflowRule rule, object? key, SharedDrain? drain)
    {
        Settle();
        SendOutcome outcome;
        int dropped;
        bool isFirst;
        lock (this)
        {
            if (_closed)
            {
                return SendOutcome.Closed;
            }

            dropped = MakeRoom(frame, rule, key);
            outcome = Judge(frame, rule);
            if (outcome == SendOutcome.Accepted)
            {
                Append(frame, rule, key);
                Volatile.Write(ref _queuedMessages, _queuedMessages + 1);
            }

            dropped += outcome == SendOutcome.Dropped ? 1 : 0;
            isFirst = _droppedLately == 0 && dropped > 0;
            _droppedLately += dropped;
        }

        _connection.OnDropped(dropped, isFirst);
        if (outcome == SendOutcome.Accepted)
        {
            DrainBy(drain);
        }

        return outcome;
    }

    private int MakeRoom(FrameBuffer frame, OverflowRule rule, object? key)
    {
        var dropped = 0;
        if (rule.Policy == OverflowPolicy.Conflate)
        {
            dropped += _queue is not null && _queue.TryTakeLatest(rule, key!, out var older) ? Drop(older) : 0;
        }
        else if (rule.Policy == OverflowPolicy.DropOldest)
        {
            // What has been handed to the transport cannot give way.
            var canFit = _unflushed + Cost(frame) <= _limits.SoftLimit;
            while (canFit && !FitsUnderSoftLimit(frame) && _queue is not null && _queue.TryTakeOldest(out var oldest))
            {
                dropped += Drop(oldest);
            }
        }

        return dropped;
    }

    // The latest about something is never dropped: there is one for each key, and the hard limit for all of them.
    private SendOutcome Judge(FrameBuffer frame, OverflowRule rule) =>
        rule.Policy == OverflowPolicy.Conflate ? Judge(frame, QueueEntry.Bounded)
        : FitsUnderSoftLimit(frame) ? SendOutcome.Accepted
        : SendOutcome.Dropped;

    private bool FitsUnderSoftLimit(FrameBuffer frame) => Pending is var pending && (pending == 0 || pending + Cost(frame) <= _limits.SoftLimit);

    private int Drop(FrameBuffer frame)
    {
        Volatile.Write(ref _count, _count - 1);
        Volatile.Write(ref _queued, _queued - Cost(frame));
        frame.Release();
        return 1;
    }

    // Under the lock: the consumer has caught up when nothing waits any more.
    private int TakeDroppedLately()
    {
        var dropped = Pending == 0 ? _droppedLately : 0;
        _droppedLately -= dropped;
        return dropped;
    }
}
