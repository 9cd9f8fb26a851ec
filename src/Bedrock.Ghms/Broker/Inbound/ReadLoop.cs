using System.Buffers;
using System.IO.Pipelines;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Inbound;

/// <summary>
/// Reads one connection: cuts frames, acts on Close and Heartbeat at once, decodes messages and runs their handlers one at a time.
/// </summary>
/// <remarks>
/// A handler that completes at once costs neither an allocation nor a thread hop. While one is pending the loop reads on, within
/// a bound, so that control messages and answers are acted upon; other messages wait their turn. All state belongs to
/// the one task that runs the loop; the clock alone looks at it from outside. Handler dispatch has a file of its own.
/// </remarks>
internal sealed partial class ReadLoop
{
    /// <summary>The clock's value while this side is not ready to read, so that its own slowness is not taken for the peer's.</summary>
    public const long NotReading = long.MaxValue;

    // What has been handled goes back to the transport this often, or one that has filled its buffer would stand still until the
    // last message in it is handled, and the loop then wait for it in turn.
    private const int BytesPerAdvance = 64 * 1_024;

    private readonly GhmsConnection _connection;
    private readonly GhmsBroker _broker;
    private readonly PipeReader _input;
    private readonly FrameReader _frames;
    private LookAhead _lookAhead;
    private readonly TimeProvider _time;

    private long _readingSince = NotReading;
    private long _frameBeganAt;
    private long _leftOver;
    private uint _lastCode = Ghms.CloseCode;
    private MessageRoute? _lastRoute;
    private bool _lookAheadWasFull;
    private bool _hasWarned;
    private bool _hasAnswered;
    private bool _hasUnread;
    private long _waitedFor;
    private bool _isMidFrame;
    private bool _isTimed;
    private long _receivedBytes;

    public ReadLoop(GhmsConnection connection, PipeReader input)
    {
        _connection = connection;
        _broker = connection.Broker;
        _input = input;
        _time = _broker.Time;
        _frames = new FrameReader((uint)_broker.Options.MaxMessageSize, _broker.Options.HeartbeatCode, _broker.IsKnownCode);
    }

    /// <summary>Since when the loop has been waiting for bytes, or <see cref="NotReading"/>.</summary>
    public long ReadingSince => Volatile.Read(ref _readingSince);

    /// <summary>When the message began that has not arrived whole, or 0.</summary>
    public long FrameBeganAt => Volatile.Read(ref _frameBeganAt);

    /// <summary>How many bytes of that message have arrived.</summary>
    public long FrameBytes => Volatile.Read(ref _leftOver);

    /// <summary>What the peer did wrong, after <see cref="InputEnd.Violated"/>.</summary>
    public GhmsProtocolException? Violation { get; private set; }

    /// <summary>Whether the peer's FIN has been read, or the transport has failed: there is nothing left to read off.</summary>
    public bool IsInputOver { get; private set; }

    // The batch before this has left answers unsent, and this flush of them has not been waited for yet.
    private bool MustAnswerFirst =>
        _hasAnswered && _pending is null && _connection.Outbound.FlushPendingSince is var pending and not 0 && pending != _waitedFor;

    // Nothing has to be waited for before more is handled.
    private bool CanGoOn => _connection.IsOpen && _pending is null && _lookAhead.IsEmpty && !MustAnswerFirst;

    /// <summary>Messages decoded so far.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Bytes read so far.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>Makes the loop look at the connection's state anew.</summary>
    public void Wake() => _input.CancelPendingRead();

    /// <summary>Reads and dispatches until the input ends or the connection does.</summary>
    public async Task<InputEnd> RunAsync()
    {
        StartClock();
        while (_connection.IsOpen)
        {
            if (_pending is null && !_lookAhead.IsEmpty)
            {
                StopClock();
                DispatchLookAhead();
                StartClock();
                continue;
            }

            if (MustAnswerFirst)
            {
                // Its answers wait for the peer to read. One that goes on asking can wait for them too, but not for ever: it may
                // be another read loop that does the same, and then the clock ends the wait.
                StopClock();
                _waitedFor = _connection.Outbound.FlushPendingSince;
                await _connection.Outbound.WhenWritableAsync().ConfigureAwait(false);
                StartClock();
                continue;
            }

            if (_lookAheadWasFull && _pending is not null)
            {
                // Nothing more can be taken in: the peer is held back by the transport until the handler is done.
                WarnOnce();
                StopClock();
                await Task.WhenAny(_pending, _connection.Ended).ConfigureAwait(false);
                SettlePending();
                StartClock();
                _lookAheadWasFull = false;
                continue;
            }

            ReadResult result;
            try
            {
                result = await _input.ReadAsync().ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                IsInputOver = true;
                _connection.OnLost(exception);
                return Stopped(InputEnd.Lost);
            }

            SettlePending();
            if (HandleBatch(result) is { } end)
            {
                return Stopped(end);
            }
        }

        return Stopped(InputEnd.EndedHere);
    }

    private InputEnd Stopped(InputEnd end)
    {
        StopClock();
        return end;
    }

    /// <summary>Handles what has arrived, and what arrives while it is handled, as one batch.</summary>
    private InputEnd? HandleBatch(ReadResult result)
    {
        var batch = FlushBatch.Enter(_time, _connection);
        _isTimed = _broker.Meter.HandlerDuration.Enabled;
        try
        {
            InputEnd? end;
            do
            {
                end = Process(result, batch);
            }
            while (end is null && CanGoOn && TryReadMore(out result));
            return end;
        }
        finally
        {
            batch.Leave();
            _hasAnswered = batch.HasAnswers;
        }
    }

    private bool TryReadMore(out ReadResult result)
    {
        try
        {
            return _input.TryRead(out result);
        }
        catch (Exception)
        {
            // The transport has failed, which the next read is told as well.
            result = default;
            return false;
        }
    }

    private InputEnd? Process(in ReadResult result, FlushBatch batch)
    {
        var buffer = result.Buffer;
        var gotBytes = _hasUnread || buffer.Length != _leftOver;
        if (gotBytes)
        {
            Volatile.Write(ref _receivedBytes, _receivedBytes + buffer.Length - _leftOver);
            StopClock();
        }

        var isOver = ReadFrames(batch, ref buffer, out var examined);
        Volatile.Write(ref _leftOver, buffer.Length);
        if (Violation is not null)
        {
            _isMidFrame = !FrameHeader.TryRead(buffer, out var refused) || buffer.Length < FrameHeader.Size + refused.Length;
            _input.AdvanceTo(buffer.End);
            return InputEnd.Violated;
        }

        _input.AdvanceTo(buffer.Start, examined);

        if (isOver)
        {
            return InputEnd.EndedByPeer;
        }

        if (result.IsCompleted && !_lookAheadWasFull && !_hasUnread)
        {
            IsInputOver = true;
            return EndOfInput();
        }

        if (gotBytes)
        {
            var now = _time.GetTimestamp();
            Volatile.Write(ref _frameBeganAt, !_frames.IsInsideFrame ? 0 : _frameBeganAt == 0 ? now : _frameBeganAt);
            Volatile.Write(ref _readingSince, now);
        }

        return null;
    }

    private void StopClock() => Volatile.Write(ref _readingSince, NotReading);

    private void StartClock()
    {
        var now = _time.GetTimestamp();
        if (_frameBeganAt != 0)
        {
            // A message that was arriving meanwhile does not pay for the time in which nobody read.
            Volatile.Write(ref _frameBeganAt, now);
        }

        Volatile.Write(ref _readingSince, now);
    }

    private void WarnOnce()
    {
        if (!_hasWarned)
        {
            _hasWarned = true;
            _broker.LogLookAheadFull(_connection, _broker.Options.LookAhead);
        }
    }

    private InputEnd EndOfInput()
    {
        if (_leftOver == 0)
        {
            return InputEnd.EndedByPeer;
        }

        Violation = new GhmsProtocolException(CloseStatus.ProtocolError, "The connection ended inside a message.");
        return InputEnd.Violated;
    }

    /// <summary>Takes whole frames off <paramref name="buffer"/>, which then begins at what was not consumed.</summary>
    /// <returns>Whether a Close arrived.</returns>
    private bool ReadFrames(FlushBatch batch, ref ReadOnlySequence<byte> buffer, out SequencePosition examined)
    {
        var frames = new FrameCursor(_frames, buffer);
        _lookAheadWasFull = false;
        _hasUnread = false;
        try
        {
            while (_connection.IsOpen && frames.TryPeek())
            {
                if (frames.Code == Ghms.CloseCode)
                {
                    var payload = frames.Payload;
                    frames.Take();
                    OnClose(payload);
                    return true;
                }

                if (frames.Code != _broker.Options.HeartbeatCode && !TryTake(frames))
                {
                    _lookAheadWasFull = true;
                    return false;
                }

                frames.Take();
                Volatile.Write(ref _frameBeganAt, 0);
                batch.FlushIfDue();
                _hasAnswered = batch.HasAnswers;
                if (MustAnswerFirst || frames.Taken >= BytesPerAdvance)
                {
                    _hasUnread = !frames.Rest.IsEmpty;
                    return false;
                }
            }
        }
        catch (GhmsProtocolException violation)
        {
            Violation = violation;
        }
        finally
        {
            buffer = frames.Rest;
            examined = frames.Examined;
        }

        return false;
    }

    private MessageRoute? Find(uint code)
    {
        if (code != _lastCode)
        {
            (_lastCode, _lastRoute) = (code, _broker.FindRoute(code));
        }

        return _lastRoute;
    }

    private void OnClose(in ReadOnlySequence<byte> payload)
    {
        if (!CloseMessage.TryRead(payload, out var close))
        {
            throw new GhmsProtocolException(CloseStatus.ProtocolError, "A Close whose payload breaks the rules.");
        }

        _connection.OnCloseReceived(close);
    }

    private bool TryTake(in FrameCursor frames)
    {
        var route = Find(frames.Code)!;
        if ((_pending is not null || !_lookAhead.IsEmpty) && !route.IsImmediate)
        {
            var frame = new Frame(frames.Code, frames.Payload);
            if (_lookAhead.IsFullFor(frame, _broker.Options.LookAhead))
            {
                return false;
            }

            _lookAhead.Add(frame);
            return true;
        }

        if (frames.IsContiguous)
        {
            Dispatch(route, frames.Code, frames.Contiguous);
        }
        else
        {
            Dispatch(route, frames.Code, frames.Payload);
        }

        return true;
    }
}
