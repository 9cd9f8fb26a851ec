using System.Buffers;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsConnection
{
    // How long an ending connection may take, whether or not the peer reads (section 5).
    internal static readonly TimeSpan EndTime = TimeSpan.FromSeconds(10);

    // Made when somebody asks, as who never receives a message does not.
    private static readonly CancellationTokenSource HasClosed = MakeCancelled();

    private CancellationTokenSource? _closed;
    private Signal _ended;
    private Signal _endedHere;
    private Signal _flushed;
    private Signal _aborted;
    private Signal _completion;
    private ConnectionEnd? _end;
    private long _endedAt;
    private long _dropped;

    /// <summary>Whether this side ended the connection, or has aborted it, so that messages which still wait are not handled any more.</summary>
    internal bool IsEndedHere => _endedHere.IsSet;

    internal Task Ended => _ended.Task;

    internal Task EndedHere => _endedHere.Task;

    /// <summary>Ends the connection: everything accepted is sent, then a Close. A second call changes nothing.</summary>
    /// <param name="status">Why; 1000 by default.</param>
    /// <param name="reason">A text for the peer, at most 123 bytes of UTF-8.</param>
    /// <remarks>It takes no token: the wait is bounded, and the one that a handler is given has fired by then.</remarks>
    /// <returns>A task that completes when the Close was handed to the transport, or 10 seconds have passed. It may be awaited in a handler.</returns>
    /// <exception cref="ArgumentException">The status may not be sent, or the reason is too long.</exception>
    public Task CloseAsync(CloseStatus status = CloseStatus.Normal, string reason = "")
    {
        ArgumentNullException.ThrowIfNull(reason);
        new CloseMessage(status, reason).Validate();
        EndHere(new ConnectionEnd(ConnectionEndCause.ClosedHere, status, reason), discard: false);
        return _flushed.Task;
    }

    /// <summary>Ends the connection because this side stops.</summary>
    internal Task GoAwayAsync() => CloseAsync(CloseStatus.GoingAway, Broker.Farewell);

    internal void OnCloseReceived(CloseMessage close)
    {
        if (TryEnd(new ConnectionEnd(ConnectionEndCause.ClosedByPeer, close.Status, close.Reason)))
        {
            Broker.LogClosedByPeer(this, close);
        }
    }

    internal void OnViolation(GhmsProtocolException violation)
    {
        if (EndHere(new ConnectionEnd(ConnectionEndCause.ClosedHere, violation.Status, violation.Message, violation), discard: false))
        {
            Broker.LogViolation(this, violation);
        }
    }

    internal void OnHandlerFailed(Exception exception)
    {
        if (exception is GhmsProtocolException violation)
        {
            OnViolation(violation);
        }
        else if (EndHere(new ConnectionEnd(ConnectionEndCause.ClosedHere, CloseStatus.HandlerFailed, "A handler failed.", exception), discard: false))
        {
            Broker.LogHandlerFailed(this, exception);
        }
    }

    internal void OnTooSlow(string reason)
    {
        if (EndHere(new ConnectionEnd(ConnectionEndCause.ClosedHere, CloseStatus.PolicyViolation, "The consumer is too slow."), discard: true))
        {
            Broker.LogTooSlow(this, reason, DroppedMessages);
        }
    }

    internal void OnLost(Exception? exception)
    {
        if (TryEnd(new ConnectionEnd(ConnectionEndCause.Lost, CloseStatus.None, "The transport failed.", exception)))
        {
            Broker.LogLost(this, exception);
        }

        AddDropped(_outbound.Abandon(), DropReason.ConnectionEnded);
        Abort("The transport failed.");
    }

    internal void OnOutputFailed(Exception? exception, int dropped)
    {
        AddDropped(dropped, DropReason.ConnectionEnded);
        OnLost(exception);
        _reader.Wake();
    }

    /// <summary>Ends the connection from this side, with a Close behind everything that was accepted.</summary>
    private bool EndHere(ConnectionEnd end, bool discard)
    {
        if (!TryEnd(end))
        {
            return false;
        }

        var close = MakeClose(end);
        AddDropped(_outbound.Close(close, discard), DropReason.SlowConsumer);
        close.Release();
        _endedHere.Set();
        _reader.Wake();
        return true;
    }

    private static FrameBuffer MakeClose(ConnectionEnd end)
    {
        var bytes = new ArrayBufferWriter<byte>(FrameHeader.Size + CloseMessage.MaxSize);
        new CloseMessage(end.Status, end.Reason).Write(bytes);
        return FrameBuffer.Copy(Ghms.CloseCode, new ReadOnlySequence<byte>(bytes.WrittenMemory[FrameHeader.Size..]));
    }

    private bool TryEnd(ConnectionEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, end, null) is not null)
        {
            return false;
        }

        Volatile.Write(ref _endedAt, Broker.Time.GetTimestamp());
        Broker.OnEnded(this, end);
        _ended.Set();
        // The application's callbacks run elsewhere: this may be a sender, the clock, or the read loop.
        _ = Interlocked.Exchange(ref _closed, HasClosed)?.CancelAsync();
        return true;
    }

    private static CancellationTokenSource MakeCancelled()
    {
        var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        return cancelled;
    }

    private CancellationTokenSource MakeClosed()
    {
        var closed = new CancellationTokenSource();
        return Interlocked.CompareExchange(ref _closed, closed, null) ?? closed;
    }

    private void AddDropped(int count, string reason)
    {
        if (count > 0)
        {
            Interlocked.Add(ref _dropped, count);
            Broker.OnDropped(count, reason);
        }
    }
}
