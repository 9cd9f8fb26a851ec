namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>
/// What a read loop writes while it handles one batch of received messages, flushed together (W8): the cork. It holds the
/// outputs that were written to on this thread and not flushed, the read loop's own and others'.
/// </summary>
/// <remarks>
/// A batch is bound to its thread: it is entered before messages are dispatched and left before the loop awaits anything.
/// It ends early once an output holds <see cref="MaxBytes"/>, or when the first write has waited for <see cref="MaxAge"/> and a microsecond
/// more for each further output: as long as it takes to flush them, or that would be all that a thread ever does among ten thousand.
/// </remarks>
internal sealed class FlushBatch
{
    /// <summary>As many unflushed bytes as an output may gather: 48 KiB, so that the transport sends what came before meanwhile. With as much
    /// as it holds before it pushes back, 64 KiB with Kestrel, the two would take turns; with less, each is woken more often.</summary>
    public const int MaxBytes = 48 * 1_024;

    /// <summary>How long the first frame of a batch may wait: 1 ms.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(1);

    private const int MaxStride = 32;
    private const long AgePerOutput = TimeSpan.TicksPerMicrosecond;

    [ThreadStatic]
    private static FlushBatch? _current;

    [ThreadStatic]
    private static FlushBatch? _cached;

    private readonly List<OutboundPipe> _outputs = [];
    private FlushBatch? _outer;
    private TimeProvider _time = TimeProvider.System;
    private GhmsConnection? _reading;
    private long _began;
    private long _lookedAt;
    private bool _isWaiting;
    private int _untilClock;
    private int _stride;

    private FlushBatch() => Broadcasts = new BroadcastBatch(this);

    /// <summary>What is sent to many in this batch.</summary>
    public BroadcastBatch Broadcasts { get; }

    /// <summary>The batch that this thread is in, if any.</summary>
    public static FlushBatch? Current => _current;

    /// <summary>Whether the connection whose messages are being handled has been written to: whether they were answered.</summary>
    public bool HasAnswers { get; private set; }

    /// <summary>Begins a batch on this thread. A transport may run one read loop inside another's flush: batches nest.</summary>
    /// <param name="time">Where its age is measured.</param>
    /// <param name="reading">The connection whose messages are being handled.</param>
    public static FlushBatch Enter(TimeProvider time, GhmsConnection? reading = null)
    {
        var batch = _cached ?? new FlushBatch();
        _cached = null;
        batch._time = time;
        batch._reading = reading;
        batch.HasAnswers = false;
        batch._outer = _current;
        _current = batch;
        return batch;
    }

    /// <summary>Flushes and leaves; the thread is free to await after this.</summary>
    public void Leave()
    {
        _current = _outer;
        _outer = null;
        Flush();
        Broadcasts.Forget();
        _reading = null;
        _cached = this;
    }

    public void OnWrite(GhmsConnection written) => HasAnswers |= ReferenceEquals(written, _reading);

    public void Add(OutboundPipe output)
    {
        StartClock();
        _outputs.Add(output);
    }

    /// <summary>Adds an output in whose queue something of this batch waits.</summary>
    public void AddQueued(GhmsConnection connection)
    {
        OnWrite(connection);
        Add(connection.Outbound);
    }

    /// <summary>Lets the age of this batch begin, unless something waits already.</summary>
    public void StartClock()
    {
        if (!_isWaiting)
        {
            _isWaiting = true;
            _began = _lookedAt = _time.GetTimestamp();
            (_untilClock, _stride) = (1, 1);
        }
    }

    /// <summary>Called after each handled message: flushes what has waited for <see cref="MaxAge"/>.</summary>
    public void FlushIfDue()
    {
        if (_isWaiting && --_untilClock <= 0)
        {
            LookAtClock();
        }
    }

    // Reading the clock costs as much as handling a tiny message. While handlers are so quick that as many again would take a
    // quarter of the age at most, it is read half as often.
    private void LookAtClock()
    {
        var now = _time.GetTimestamp();
        var others = Math.Max(1, Math.Max(_outputs.Count, Broadcasts.Members)) - 1;
        var age = MaxAge.Ticks + (AgePerOutput * others);
        var dueAt = _began + (age * _time.TimestampFrequency / TimeSpan.TicksPerSecond);
        if (now >= dueAt)
        {
            Flush();
            return;
        }

        _stride = (now - _lookedAt) * 8 <= dueAt - now ? Math.Min(2 * _stride, MaxStride) : 1;
        (_lookedAt, _untilClock) = (now, _stride);
    }

    /// <summary>Flushes everything that waits for the end of the batch.</summary>
    public void Flush()
    {
        Broadcasts.Distribute();

        // A flush may run foreign code inline, which may add to this list; so by index, to its end.
        for (var i = 0; i < _outputs.Count; i++)
        {
            _outputs[i].Uncork();
        }

        _outputs.Clear();
        _isWaiting = false;
    }
}
