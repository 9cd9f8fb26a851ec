using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

internal sealed partial class OutboundPipe : IThreadPoolWorkItem
{
    private const int BytesPerFlush = 64 * 1_024;

    // A sender whose drain never runs dry, because others keep sending, hands it to the thread pool after this many rounds.
    private const int RoundsPerSender = 8;

    private Action? _onFlushed;
    private ValueTask<FlushResult> _flush;
    private long _flushStartedAt;
    private int _coveredWaiters;
    private int _uncopied;
    private bool _flushRequested;
    private int _isInSharedDrain;
    private bool _poisoned;
    private bool _failed;
    private bool _abandoned;
    private TaskCompletionSource? _completed;
    private TaskCompletionSource? _writable;

    /// <summary>Since when one flush has been pending, or 0.</summary>
    public long FlushPendingSince => Volatile.Read(ref _flushStartedAt);

    /// <summary>Whether the read loop waits in <see cref="WhenWritableAsync"/>.</summary>
    public bool IsWaitedFor => Volatile.Read(ref _writable) is not null;

    // What has been handed over no longer gives way to what is newer, which needs the other half of the room.
    private long MostUnflushed => _limits.SoftLimit - (_limits.SoftLimit / 2);

    private bool HasWork =>
        Volatile.Read(ref _count) != 0 || Volatile.Read(ref _flushRequested) || Volatile.Read(ref _completed) is not null;

    /// <summary>Completes when no flush is pending, or when the wait for it is given up. For the read loop alone.</summary>
    public Task WhenWritableAsync()
    {
        // The loop goes on where the flush has ended, without a hop to another thread.
        var writable = new TaskCompletionSource();
        Interlocked.Exchange(ref _writable, writable);
        if (FlushPendingSince == 0 || Volatile.Read(ref _closed))
        {
            Interlocked.Exchange(ref _writable, null);
            return Task.CompletedTask;
        }

        return writable.Task;
    }

    /// <summary>Lets the read loop go on although a flush is pending.</summary>
    public void GiveUpWaiting() => TellWritable();

    /// <summary>Drops what is queued and fails those who wait; the transport has gone or is about to be aborted.</summary>
    /// <returns>How many messages were dropped.</returns>
    public int Abandon()
    {
        List<FlushWaiter>? waiters;
        int dropped;
        lock (this)
        {
            Volatile.Write(ref _closed, true);
            Volatile.Write(ref _abandoned, true);
            dropped = DropQueue();
            WakeWaiters();
            waiters = _waiters;
            _waiters = null;
            _coveredWaiters = 0;
        }

        TellWritable();
        foreach (var waiter in waiters ?? [])
        {
            waiter.TrySetException(_connection.ClosedError());

            // Whoever gave up waiting must not be told by the finalizer.
            _ = waiter.Task.Exception;
        }

        return dropped;
    }

    /// <summary>Lets a pending flush fail: the transport has been aborted, but one of another maker may know no abort.</summary>
    public void CancelFlush()
    {
        try
        {
            _output.CancelPendingFlush();
        }
        catch (ObjectDisposedException)
        {
            // A writer over a stream that has been completed.
        }
    }

    /// <summary>Completes the transport's output, after the flush that may be pending. Nothing is written from here on.</summary>
    public Task CompleteAsync()
    {
        var completed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _completed, completed, null) is { } earlier)
        {
            return earlier.Task;
        }

        _output.CancelPendingFlush();
        if (TryEnter())
        {
            Drain();
        }

        return completed.Task;
    }

    /// <summary>Sends what is queued, on behalf of a <see cref="SharedDrain"/>.</summary>
    public void DrainShared()
    {
        // Before the queue is looked at: whoever adds to it after that comes back here.
        Volatile.Write(ref _isInSharedDrain, 0);
        DrainBy(null);
    }

    void IThreadPoolWorkItem.Execute() => Drain();

    private void DrainBy(SharedDrain? drain)
    {
        if (drain is null)
        {
            if (TryEnter())
            {
                Drain();
            }
        }
        else if (Volatile.Read(ref _isInSharedDrain) == 0 && Interlocked.Exchange(ref _isInSharedDrain, 1) == 0)
        {
            drain.Add(this);
        }
    }

    private void RequestFlush()
    {
        Volatile.Write(ref _flushRequested, true);
        if (TryEnter())
        {
            Drain();
        }
    }

    /// <summary>Runs while it owns the gate: copies, flushes, and lets go when there is nothing left.</summary>
    private void Drain()
    {
        for (var round = 0; ; round++)
        {
            if (Volatile.Read(ref _abandoned))
            {
                Retire();
                return;
            }

            // A sender that was encoding when the pipe closed has been told that its message was accepted.
            if (Volatile.Read(ref _completed) is not null && _unflushed == 0)
            {
                CompleteOutput();
                return;
            }

            if (round == RoundsPerSender)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            try
            {
                CopyQueue();
                StartFlush();
            }
            catch (Exception exception)
            {
                Fail(exception);
                return;
            }

            if (!_flush.IsCompleted)
            {
                _flush.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_onFlushed ??= OnFlushed);
                return;
            }

            if (!FinishFlush())
            {
                return;
            }

            if (!HasWork)
            {
                Interlocked.Exchange(ref _gate, 0);
                if (!HasWork || !TryEnter())
                {
                    TellWritable();
                    return;
                }
            }
        }
    }

    private void OnFlushed()
    {
        if (FinishFlush())
        {
            Interlocked.Exchange(ref _gate, 0);
            if (!HasWork || !TryEnter())
            {
                // The thread is the transport's, and free: the read loop may go on right here.
                Interlocked.Exchange(ref _writable, null)?.TrySetResult();
                return;
            }

            Drain();
        }
    }

    private void CopyQueue()
    {
        // Several at a time, or senders and drain would fight over the queue's lock for each frame.
        var taken = default(FrameBatch);
        long copied = 0;
        while (Math.Min(BytesPerFlush - copied, MostUnflushed - _unflushed) is > 0 and var room && Dequeue(taken, room) is > 0 and var count)
        {
            copied += CopyOwned(taken[..count]);
        }
    }

    private int CopyOwned(Span<FrameBuffer?> frames)
    {
        var copied = 0;
        var next = 0;
        try
        {
            for (; next < frames.Length; next++)
            {
                Copy(frames[next]!);
                copied += frames[next]!.Length;
            }
        }
        finally
        {
            // They are off the queue, so whoever drops that cannot count those which a failure has left behind.
            foreach (var uncopied in frames[next..])
            {
                _uncopied += MessagesIn(uncopied!);
            }

            foreach (var frame in frames)
            {
                frame!.Release();
            }
        }

        return copied;
    }

    [SuppressMessage("Reliability", "CA2012", Justification = "One flush is pending at a time, and FinishFlush consumes it once.")]
    private void StartFlush()
    {
        lock (this)
        {
            // This flush answers those who wait only for frames that have been copied by now.
            _coveredWaiters = 0;
            while (_coveredWaiters < _waiters?.Count && _waiters[_coveredWaiters].EnqueuedFrames <= _dequeuedFrames)
            {
                _coveredWaiters++;
            }

            Volatile.Write(ref _flushRequested, _coveredWaiters < _waiters?.Count);
        }

        Commit();
        _corkedBytes = 0;
        Volatile.Write(ref _corkedBy, null);
        var now = _time.GetTimestamp();
        Volatile.Write(ref _lastSent, now);
        Volatile.Write(ref _flushStartedAt, now);
        _flush = _output.FlushAsync();
    }

    /// <returns><see langword="false"/> when nobody reads any more, and the gate was let go.</returns>
    private bool FinishFlush()
    {
        try
        {
            var result = _flush.GetAwaiter().GetResult();
            if (result.IsCompleted || (result.IsCanceled && Volatile.Read(ref _completed) is null))
            {
                Fail(null);
                return false;
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
            return false;
        }
        finally
        {
            _flush = default;
            Volatile.Write(ref _flushStartedAt, 0);
        }

        int droppedLately;
        lock (this)
        {
            Volatile.Write(ref _unflushed, 0);
            droppedLately = TakeDroppedLately();
            if (!IsOverSoftLimit)
            {
                WakeWaiters();
            }

            for (var i = 0; i < _coveredWaiters; i++)
            {
                _waiters![i].TrySetResult();
            }

            _waiters?.RemoveRange(0, _coveredWaiters);
            _coveredWaiters = 0;
        }

        if (droppedLately > 0)
        {
            _connection.OnCaughtUp(droppedLately);
        }

        return true;
    }

    private void TellWritable()
    {
        // This thread is a sender's or the clock's, and has other things to do than to run a read loop.
        if (IsWaitedFor && Interlocked.Exchange(ref _writable, null) is { } writable)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static writable => writable.TrySetResult(), writable, preferLocal: false);
        }
    }

    // Owns the gate; lets go of it. Nothing is written after this, because the pipe is closed and abandoned.
    private void Fail(Exception? exception)
    {
        _failed = true;

        // The connection first: whoever finds the pipe closed finds the connection ended as well.
        _connection.OnOutputFailed(exception, _uncopied);
        Retire();
    }

    // Half a frame may stand in the output, which no flush may push out: only the completion is still to come.
    private void Retire()
    {
        ForgetLent();
        Volatile.Write(ref _unflushed, 0);
        Interlocked.Exchange(ref _gate, 0);
        if (Volatile.Read(ref _completed) is not null && TryEnter())
        {
            CompleteOutput();
        }
    }

    // The gate stays taken for ever after this.
    private void CompleteOutput()
    {
        Abandon();
        try
        {
            // Without an error a writer over a stream, such as TLS, would now send what a failed flush has left in it, and wait for that.
            _output.Complete(_poisoned ? new InvalidOperationException("The output holds half a frame.") : _failed ? new IOException("The output has failed.") : null);
        }
        catch (Exception)
        {
            // The first failure has been told.
        }

        _completed!.TrySetResult();
    }

    [InlineArray(16)]
    private struct FrameBatch
    {
        private FrameBuffer? _first;
    }
}
