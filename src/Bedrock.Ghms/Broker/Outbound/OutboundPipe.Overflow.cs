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

            outcome = key is not null && _queue?.LatestOf(rule, key) is { } older
                ? Replace(older, frame, rule, key, out dropped)
                : Add(frame, rule, key, out dropped);
            if (outcome == SendOutcome.Accepted)
            {
                Volatile.Write(ref _queuedMessages, _queuedMessages + 1);
            }

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

    private SendOutcome Replace(FrameBuffer older, FrameBuffer frame, OverflowRule rule, object key, out int dropped)
    {
        dropped = 0;
        var growth = Cost(frame) - Cost(older);
        if (growth > 0 && Pending + growth > _limits.HardLimit)
        {
            return SendOutcome.OverHardLimit;
        }

        frame.Retain();
        _queue!.ReplaceLatest(rule, key, frame);
        older.Release();
        Volatile.Write(ref _queued, _queued + growth);
        if (IsOverSoftLimit)
        {
            StartSoftClock();
        }

        dropped = 1;
        return SendOutcome.Accepted;
    }

    private SendOutcome Add(FrameBuffer frame, OverflowRule rule, object? key, out int dropped)
    {
        dropped = rule.Policy == OverflowPolicy.DropOldest ? MakeRoom(frame) : 0;
        var outcome = Judge(frame, rule);
        if (outcome == SendOutcome.Accepted)
        {
            Append(frame, rule, key);
        }

        dropped += outcome == SendOutcome.Dropped ? 1 : 0;
        return outcome;
    }

    // What has been handed to the transport cannot give way.
    private int MakeRoom(FrameBuffer frame)
    {
        var dropped = 0;
        var canFit = _unflushed + Cost(frame) <= _limits.SoftLimit;
        while (canFit && !FitsUnderSoftLimit(frame) && _queue is not null && _queue.TryTakeOldest(out var oldest))
        {
            Volatile.Write(ref _count, _count - 1);
            Volatile.Write(ref _queued, _queued - Cost(oldest));
            oldest.Release();
            dropped++;
        }

        return dropped;
    }

    // The latest about something is never dropped: there is one for each key, and the hard limit for all of them.
    private SendOutcome Judge(FrameBuffer frame, OverflowRule rule) =>
        rule.Policy == OverflowPolicy.Conflate ? Judge(frame, QueueEntry.Bounded)
        : FitsUnderSoftLimit(frame) ? SendOutcome.Accepted
        : SendOutcome.Dropped;

    private bool FitsUnderSoftLimit(FrameBuffer frame) => Pending is var pending && (pending == 0 || pending + Cost(frame) <= _limits.SoftLimit);

    // Under the lock: the consumer has caught up when nothing waits any more.
    private int TakeDroppedLately()
    {
        var dropped = Pending == 0 ? _droppedLately : 0;
        _droppedLately -= dropped;
        return dropped;
    }
}
