using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

internal sealed partial class OutboundPipe
{
    private const int KeptCapacity = 16;

    // All under a lock on this object, which nobody else sees: one of its own would be held by every idle connection. The
    // volatile reads elsewhere only look.
    private FrameQueue? _queue;
    private int _count;
    private long _queued;
    private long _queuedMessages;
    private long _enqueuedFrames;
    private long _dequeuedFrames;
    private long _overSoftSince;
    private bool _closed;
    private TaskCompletionSource? _room;
    private List<FlushWaiter>? _waiters;

    /// <summary>Since when the connection has been over its soft limit, or 0.</summary>
    public long OverSoftSince => Volatile.Read(ref _overSoftSince);

    /// <summary>Queues a finished frame, within the limits that <paramref name="entry"/> names; the queue takes a reference of its own.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="entry">The limits.</param>
    /// <param name="drain">Who sends it, if not the caller.</param>
    public SendOutcome Enqueue(FrameBuffer frame, QueueEntry entry, SharedDrain? drain = null)
    {
        Settle();
        lock (this)
        {
            var outcome = _closed ? SendOutcome.Closed : Judge(frame, entry);
            if (outcome != SendOutcome.Accepted)
            {
                return outcome;
            }

            Append(frame);
            Volatile.Write(ref _queuedMessages, _queuedMessages + MessagesIn(frame));
        }

        DrainBy(drain);
        return SendOutcome.Accepted;
    }

    /// <summary>Completes when there may be room for a frame of <paramref name="cost"/>, or the connection has ended.</summary>
    public Task WaitForRoomAsync(long cost)
    {
        lock (this)
        {
            if (_closed || HasRoomFor(cost))
            {
                return Task.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    /// <summary>Completes when everything accepted before this call was handed to the transport.</summary>
    /// <returns>Fails with <see cref="GhmsConnectionClosedException"/> when the connection ends first.</returns>
    public Task FlushAsync()
    {
        Task flushed;
        Settle();
        lock (this)
        {
            if (_abandoned)
            {
                return Task.FromException(_connection.ClosedError());
            }

            if (Pending == 0)
            {
                return Task.CompletedTask;
            }

            var waiter = new FlushWaiter(_enqueuedFrames);
            (_waiters ??= []).Add(waiter);
            flushed = waiter.Task;
        }

        RequestFlush();
        return flushed;
    }

    /// <summary>Accepts nothing more, but for <paramref name="last"/>, which follows all that was accepted.</summary>
    /// <param name="last">The Close, if one is to be sent.</param>
    /// <param name="discard">Whether to drop what is queued: its reader is too slow to be waited for.</param>
    /// <returns>How many messages were dropped.</returns>
    public int Close(FrameBuffer? last, bool discard)
    {
        var dropped = 0;
        Settle();
        lock (this)
        {
            if (_closed)
            {
                return 0;
            }

            Volatile.Write(ref _closed, true);
            dropped = discard ? DropQueue() : 0;
            if (last is not null)
            {
                Append(last);
            }

            WakeWaiters();
        }

        TellWritable();
        RequestFlush();
        return dropped;
    }

    private SendOutcome Judge(FrameBuffer frame, QueueEntry entry)
    {
        var pending = Pending;
        if (pending == 0)
        {
            return SendOutcome.Accepted;
        }

        if (entry == QueueEntry.Patient)
        {
            return HasRoomFor(Cost(frame)) ? SendOutcome.Accepted : SendOutcome.NoRoomYet;
        }

        return pending + Cost(frame) > _limits.HardLimit ? SendOutcome.OverHardLimit : SendOutcome.Accepted;
    }

    private bool HasRoomFor(long cost) =>
        Pending is var pending && (pending == 0 || (pending < _limits.SoftLimit && pending + cost <= _limits.HardLimit));

    private void Append(FrameBuffer frame, OverflowRule? rule = null, object? key = null)
    {
        frame.Retain();
        (_queue ??= new FrameQueue()).Enqueue(frame, _enqueuedFrames++, rule, key);
        Volatile.Write(ref _count, _count + 1);
        Volatile.Write(ref _queued, _queued + Cost(frame));
        if (IsOverSoftLimit)
        {
            StartSoftClock();
        }
    }

    private void StartSoftClock()
    {
        if (Volatile.Read(ref _overSoftSince) == 0)
        {
            Volatile.Write(ref _overSoftSince, _time.GetTimestamp());
        }
    }

    /// <summary>Takes the oldest frames, as many as there is room for, until they come to <paramref name="bytes"/>: what has been taken cannot give way to newer ones.</summary>
    /// <returns>How many were taken.</returns>
    private int Dequeue(Span<FrameBuffer?> taken, long bytes)
    {
        lock (this)
        {
            if (_count == 0)
            {
                // Gaps at the end are taken as well.
                _dequeuedFrames = _enqueuedFrames;

                // An idle connection holds no buffers.
                if (_queue is { Length: > 0 } or { Capacity: > KeptCapacity })
                {
                    _queue = null;
                }

                return 0;
            }

            var count = 0;
            long cost = 0;
            while (count < taken.Length && cost < bytes && _queue!.TryDequeue(out var frame, out var number))
            {
                _dequeuedFrames = number + 1;
                if (frame is not null)
                {
                    taken[count++] = frame;
                    cost += Cost(frame);
                }
            }

            Volatile.Write(ref _count, _count - count);
            Volatile.Write(ref _unflushed, _unflushed + cost);
            Volatile.Write(ref _queued, _queued - cost);
            return count;
        }
    }

    private int DropQueue()
    {
        var dropped = 0;
        while (_queue is not null && _queue.TryDequeue(out var frame, out var number))
        {
            _dequeuedFrames = number + 1;
            if (frame is not null)
            {
                dropped += MessagesIn(frame);
                frame.Release();
            }
        }

        Volatile.Write(ref _queued, 0);
        _queue = null;
        Volatile.Write(ref _count, 0);
        return dropped;
    }

    private void WakeWaiters()
    {
        Volatile.Write(ref _overSoftSince, 0);
        _room?.TrySetResult();
        _room = null;
    }

    public static long Cost(FrameBuffer frame) => frame.Length + ((long)frame.Count * OutboundOptions.FrameCharge);

    // What is dropped is compared with what was sent, and a Close counts in neither. Heartbeats never stand in the queue.
    private static int MessagesIn(FrameBuffer frame) => frame.Code == Ghms.CloseCode ? 0 : frame.Count;

    private sealed class FlushWaiter(long enqueuedFrames)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        /// <summary>How many frames had entered the queue when the wait began.</summary>
        public long EnqueuedFrames { get; } = enqueuedFrames;
    }
}
