using System.IO.Pipelines;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>
/// The write side of one connection: many senders, one <see cref="PipeWriter"/>. A sender that finds the writer free encodes
/// straight into its span; every other one hands in a finished frame, which a single drain copies and flushes.
/// </summary>
/// <remarks>
/// <code>
/// gate free, queue empty ──▶ encode into Output's span, advance once ──▶ flush now, or with the batch
///         │ else                                                             │ not done at once
///         ▼                                                                  ▼
/// finished frame ──▶ bounded queue ──▶ drain: copy frames, one flush, repeat until empty
/// </code>
/// The gate is a flag that is only ever tried, never waited for, and its owner alone touches the writer. Ownership may pass to
/// a pending flush and from there to its continuation; the queue has a lock of its own, under which no foreign code runs.
/// This file holds the gate and the direct path; the queue and the drain have files of their own.
/// </remarks>
internal sealed partial class OutboundPipe
{
    // A frame up to this size is kept in one segment; the rest of the segment before it, a part of Kestrel's 4 KiB, stays unused.
    private const int LargestWhole = 512;

    private readonly PipeWriter _output;
    private readonly GhmsConnection _connection;
    private readonly OutboundOptions _limits;
    private readonly TimeProvider _time;

    private int _gate;

    // The gate's owner's: memory of the output, and how much of it whole frames fill that have not been advanced. A pipe takes a
    // lock for each advance, so there is one for all frames of a flush that share a segment.
    private Memory<byte> _lent;
    private int _filled;
    private FrameEncoder? _encoder;

    // The gate's owner's: the cost of what was written and not yet flushed, which others look at, and the bare bytes that a
    // batch holds back.
    private long _unflushed;
    private int _corkedBytes;
    private FlushBatch? _corkedBy;
    private long _lastSent;
    private long _directMessages;
    private long _sentBytes;

    public OutboundPipe(PipeWriter output, GhmsConnection connection, OutboundOptions limits, TimeProvider time)
    {
        _output = output;
        _connection = connection;
        _limits = limits;
        _time = time;
        _lastSent = time.GetTimestamp();
    }

    /// <summary>When bytes were last handed to the transport, as a timestamp of the broker's clock.</summary>
    public long LastSent => Volatile.Read(ref _lastSent);

    /// <summary>What waits to be sent: bytes queued or unflushed, with a fixed charge for each frame.</summary>
    /// <remarks>
    /// A frame that moves from the queue to the writer is first added there and then taken off here, and read the other way
    /// about: it may be seen twice for a moment, never not at all.
    /// </remarks>
    public long Pending => Volatile.Read(ref _queued) + Volatile.Read(ref _unflushed);

    /// <summary>Messages accepted so far; heartbeats and the Close are not messages.</summary>
    public long AcceptedMessages => Volatile.Read(ref _directMessages) + Volatile.Read(ref _queuedMessages);

    /// <summary>Bytes handed to the transport's output so far.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    public bool IsOverSoftLimit => Pending >= _limits.SoftLimit;

    /// <summary>Whether nobody is writing, and no flush is pending.</summary>
    public bool IsFree => Volatile.Read(ref _gate) == 0;

    /// <summary>Flushes what the upgrade has left in the transport's output.</summary>
    public void Begin() => RequestFlush();

    /// <summary>Encodes into the transport's own memory if nobody else is writing; nothing is sent when the encoder throws.</summary>
    /// <returns><see langword="false"/> when the message has to take the queue.</returns>
    public bool TrySendDirect(object message, MessageType type, int ordinal, int maxPayload, int sizeHint)
    {
        if (!TryEnterDirect())
        {
            return false;
        }

        var needed = FrameHeader.Size + sizeHint;
        var lent = _lent.Length - _filled >= needed ? _lent[_filled..] : LendOrFail(needed);
        int length;
        FrameBuffer? outgrown;
        try
        {
            length = (_encoder ??= new FrameEncoder()).EncodeInto(lent, type, ordinal, message, maxPayload, out outgrown);
        }
        catch
        {
            Exit();
            throw;
        }

        if (outgrown is null)
        {
            _filled += length;
        }
        else
        {
            length = outgrown.Length;
            CopyOrFail(outgrown);
        }

        FlushOrCork(length);
        return true;
    }

    /// <summary>Copies a finished frame into the transport's memory if nobody else is writing.</summary>
    /// <returns><see langword="false"/> when the frame has to take the queue.</returns>
    public bool TryCopyDirect(FrameBuffer frame)
    {
        if (!TryEnterDirect())
        {
            return false;
        }

        var length = frame.Length;
        frame.Retain();
        CopyOrFail(frame);
        FlushOrCork(length);
        return true;
    }

    /// <summary>Writes a heartbeat, unless somebody is writing: then none is needed.</summary>
    /// <param name="code">The code of heartbeats.</param>
    public void Beat(uint code)
    {
        if (!TryEnterDirect())
        {
            return;
        }

        try
        {
            new FrameHeader(code, 0).Write(Lend(FrameHeader.Size).Span);
        }
        catch (Exception exception)
        {
            Fail(exception);
            return;
        }

        _filled += FrameHeader.Size;
        Volatile.Write(ref _unflushed, _unflushed + FrameHeader.Size + OutboundOptions.FrameCharge);
        Drain();
    }

    /// <summary>Flushes what a batch held back here.</summary>
    public void Uncork()
    {
        // Another batch may have written here since, and this one's bytes must not wait for it.
        if (Volatile.Read(ref _corkedBy) is not null || Volatile.Read(ref _count) != 0)
        {
            RequestFlush();
        }
    }

    /// <summary>Flushes what has been held back, unless a flush is under way.</summary>
    public void FlushHeldBack()
    {
        if (FlushPendingSince == 0)
        {
            RequestFlush();
        }
    }

    private void FlushOrCork(int length)
    {
        var cost = (long)length + OutboundOptions.FrameCharge;
        Volatile.Write(ref _unflushed, _unflushed + cost);
        Volatile.Write(ref _directMessages, _directMessages + 1);
        _corkedBytes += length;
        var isOverSoftLimit = IsOverSoftLimit;
        if (isOverSoftLimit)
        {
            StartSoftClock();
        }

        var batch = FlushBatch.Current;
        batch?.OnWrite(_connection);
        if (batch is null || _corkedBytes >= FlushBatch.MaxBytes || isOverSoftLimit)
        {
            Drain();
            return;
        }

        if (!ReferenceEquals(_corkedBy, batch))
        {
            Volatile.Write(ref _corkedBy, batch);
            batch.Add(this);
        }

        Exit();
    }

    // Past the queue only while it is empty, or order breaks.
    private bool TryEnterDirect()
    {
        Settle();
        if (!TryEnter())
        {
            return false;
        }

        if (Volatile.Read(ref _count) == 0 && !Volatile.Read(ref _closed))
        {
            return true;
        }

        Exit();
        return false;
    }

    private bool TryEnter() => Interlocked.CompareExchange(ref _gate, 1, 0) == 0;

    // Whoever found the gate taken left its work behind before it tried, so the owner looks again after letting go.
    private void Exit()
    {
        Interlocked.Exchange(ref _gate, 0);
        if (HasWork && TryEnter())
        {
            Drain();
        }
        else
        {
            TellWritable();
        }
    }

    private Memory<byte> LendOrFail(int size)
    {
        try
        {
            return Lend(size);
        }
        catch (Exception exception)
        {
            throw Failed(exception);
        }
    }

    private void CopyOrFail(FrameBuffer frame)
    {
        try
        {
            CopyOwned(frame);
        }
        catch (Exception exception)
        {
            throw Failed(exception);
        }
    }

    // The writer itself has thrown: the connection is aborted and the gate let go.
    private GhmsConnectionClosedException Failed(Exception exception)
    {
        Fail(exception);
        return _connection.ClosedError();
    }

    private void CopyOwned(FrameBuffer frame)
    {
        try
        {
            Copy(frame);
        }
        finally
        {
            frame.Release();
        }
    }

    private Memory<byte> Lend(int size)
    {
        if (_lent.Length - _filled < size)
        {
            Commit();
            _lent = _output.GetMemory(size);
        }

        return _lent[_filled..];
    }

    private void Commit()
    {
        var filled = _filled;
        ForgetLent();
        if (filled > 0)
        {
            _output.Advance(filled);
            Volatile.Write(ref _sentBytes, _sentBytes + filled);
        }
    }

    private void ForgetLent()
    {
        _lent = default;
        _filled = 0;
    }

    private void Copy(FrameBuffer frame)
    {
        if (frame.Length <= LargestWhole)
        {
            frame.Span.CopyTo(Lend(frame.Length).Span);
            _filled += frame.Length;
        }
        else
        {
            CopyInPieces(frame.Span);
        }
    }

    // A large frame may take several advances. Should one of them throw, half a frame stands in the output for ever: the
    // poison is set before anything else can happen, and the connection dies.
    private void CopyInPieces(ReadOnlySpan<byte> source)
    {
        var length = source.Length;
        Commit();
        _poisoned = true;
        do
        {
            var destination = _output.GetSpan();
            var size = Math.Min(destination.Length, source.Length);
            source[..size].CopyTo(destination);
            _output.Advance(size);
            source = source[size..];
        }
        while (source.Length > 0);
        _poisoned = false;
        Volatile.Write(ref _sentBytes, _sentBytes + length);
    }
}
