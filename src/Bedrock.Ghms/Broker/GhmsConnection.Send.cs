using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsConnection
{
    private MessageType? _lastSent;

    /// <summary>Whether this connection is over its soft limit.</summary>
    internal bool IsOverSoftLimit => _outbound.IsOverSoftLimit;

    /// <summary>Sends <paramref name="message"/> on this connection alone, past all pipes and the distribution pattern.</summary>
    /// <param name="message">An instance of a registered type, or a <see cref="RawMessage"/>.</param>
    /// <param name="cancellationToken">Bounds the wait for room, as does the broker's time-out; without effect once the message has been accepted.</param>
    /// <returns>1, when the message has been accepted into this connection's bounded room. Messages of one sender keep their order.</returns>
    /// <exception cref="GhmsConnectionClosedException">The connection has ended.</exception>
    /// <exception cref="GhmsInvalidMessageCodeException">The message's type is not registered.</exception>
    /// <exception cref="GhmsMessageTooLargeException">The message is larger than this side sends or the peer accepts; the connection stays.</exception>
    /// <exception cref="TimeoutException">There was no room within the broker's time-out; nothing was sent.</exception>
    /// <exception cref="OperationCanceledException">The token fired before there was room; nothing was sent.</exception>
    public ValueTask<int> SendAsync(object message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        try
        {
            if (!TryTransmit(message, cancellationToken))
            {
                return TransmitQueued(message, cancellationToken);
            }
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<int>(exception);
        }

        return new ValueTask<int>(1);
    }

    /// <summary>Completes when everything accepted before this call was handed to the transport. It may be awaited in a handler.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="GhmsConnectionClosedException">The connection ended first.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default)
    {
        var flushed = _outbound.FlushAsync();
        return flushed.IsCompleted || !cancellationToken.CanBeCanceled ? flushed : flushed.WaitAsync(cancellationToken);
    }

    internal ValueTask<int> Transmit(object message, CancellationToken cancellationToken) =>
        TryTransmit(message, cancellationToken) ? new ValueTask<int>(1) : TransmitQueued(message, cancellationToken);

    /// <summary>Writes the message at once if nobody else is writing.</summary>
    private bool TryTransmit(object message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!IsOpen)
        {
            throw ClosedError();
        }

        if (message is RawMessage raw)
        {
            CheckFrame(raw.Frame, raw.Encoding);
            return _outbound.TryCopyDirect(raw.Frame);
        }

        var type = TypeOf(message);
        return _outbound.TrySendDirect(message, type, type.OrdinalFor(EncodingOrdinal), _maxPayload, Broker.Options.SendBufferSize);
    }

    // A message is mostly of the type of the one before it. Senders that race for the field only make it less useful.
    private MessageType TypeOf(object message) =>
        _lastSent is { } last && last.Type == message.GetType() ? last : _lastSent = Broker.Registry.Find(message.GetType());

    /// <summary>Takes a frame that other recipients share, without waiting.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="rule">Whether it may be dropped.</param>
    /// <param name="key">What a frame under a conflating rule is about.</param>
    /// <param name="drain">Who sends it, if not the caller.</param>
    internal SendOutcome Offer(FrameBuffer frame, OverflowRule? rule = null, object? key = null, SharedDrain? drain = null)
    {
        var outcome = drain is null && _outbound.TryCopyDirect(frame) ? SendOutcome.Accepted
            : rule is null ? _outbound.Enqueue(frame, QueueEntry.Bounded, drain)
            : _outbound.EnqueueOrDrop(frame, rule, key, drain);
        if (outcome == SendOutcome.OverHardLimit)
        {
            OnOverHardLimit();
        }

        return outcome;
    }

    /// <summary>Deals with messages that were accepted and then found no place.</summary>
    internal void OnRefused(SendOutcome outcome, int count)
    {
        AddDropped(count, outcome == SendOutcome.OverHardLimit ? DropReason.SlowConsumer : DropReason.ConnectionEnded);
        if (outcome == SendOutcome.OverHardLimit)
        {
            OnOverHardLimit();
        }
    }

    internal void OnDropped(int count, bool isFirst)
    {
        AddDropped(count, DropReason.Overflow);
        if (isFirst)
        {
            Broker.LogDropping(this);
        }
    }

    internal void OnCaughtUp(int dropped) => Broker.LogCaughtUp(this, dropped);

    private void OnOverHardLimit() => OnTooSlow($"more than {Broker.Options.Outbound.HardLimit} bytes would wait for it");

    /// <summary>Whether this connection's peer accepts <paramref name="frame"/>.</summary>
    /// <exception cref="GhmsMessageTooLargeException">It does not.</exception>
    /// <exception cref="GhmsInvalidEncodingException">The frame is in another encoding.</exception>
    /// <exception cref="GhmsInvalidMessageCodeException">The frame would pass for a Close or a Heartbeat.</exception>
    internal void CheckFrame(FrameBuffer frame, string? encoding)
    {
        if (frame.Code == Ghms.CloseCode || frame.Code == Broker.Options.HeartbeatCode)
        {
            throw new GhmsInvalidMessageCodeException($"Code {frame.Code} is not for messages: the library itself sends Close and Heartbeat.");
        }

        if (frame.PayloadLength > _maxPayload)
        {
            throw new GhmsMessageTooLargeException($"The message's payload of {frame.PayloadLength} bytes exceeds {_maxPayload} bytes.");
        }

        if (encoding is not null && encoding != Encoding && MessageRegistry.OrdinalOf(Broker.Registry.Encodings, encoding) != EncodingOrdinal)
        {
            throw new GhmsInvalidEncodingException($"A raw message in {encoding} cannot go to a connection in {Encoding}.");
        }
    }

    internal Task WaitForRoomAsync(long cost = 0) => _outbound.WaitForRoomAsync(cost);

    internal GhmsConnectionClosedException ClosedError() => new($"The connection {Id} {End?.Description ?? "has ended"}.", End?.Exception);

    private ValueTask<int> TransmitQueued(object message, CancellationToken cancellationToken)
    {
        if (message is RawMessage raw)
        {
            // The caller may give its message back while this still waits for room.
            raw.Frame.Retain();
            return TransmitOwned(raw.Frame, cancellationToken);
        }

        var type = TypeOf(message);
        var ordinal = type.OrdinalFor(EncodingOrdinal);
        if (Broker.Registry.OverflowOf(type, message) is { } rule)
        {
            var key = rule.KeyOf(message);
            return TransmitOrDrop(Encode(message, type, ordinal), rule, key);
        }

        return _outbound.IsOverSoftLimit
            ? TransmitWhenRoomAsync(message, type, ordinal, cancellationToken)
            : TransmitOwned(Encode(message, type, ordinal), cancellationToken);
    }

    // Room first: senders that wait hold their message, not an encoded copy of it.
    private async ValueTask<int> TransmitWhenRoomAsync(
        object message, MessageType type, int ordinal, CancellationToken cancellationToken)
    {
        var startedAt = Broker.Time.GetTimestamp();
        await Broker.WaitAsync(WaitForRoomAsync(), startedAt, cancellationToken).ConfigureAwait(false);
        return await TransmitOwnedAsync(Encode(message, type, ordinal), startedAt, cancellationToken).ConfigureAwait(false);
    }

    private FrameBuffer Encode(object message, MessageType type, int ordinal) =>
        FrameEncoder.Encode(type, ordinal, message, _maxPayload, Broker.Options.SendBufferSize);

    private ValueTask<int> TransmitOrDrop(FrameBuffer frame, OverflowRule rule, object? key)
    {
        var outcome = Offer(frame, rule, key);
        frame.Release();
        return outcome switch
        {
            SendOutcome.Accepted => new ValueTask<int>(1),
            SendOutcome.Dropped => new ValueTask<int>(0),
            _ => throw ClosedError(),
        };
    }

    /// <summary>Queues a frame and gives up the reference to it.</summary>
    private ValueTask<int> TransmitOwned(FrameBuffer frame, CancellationToken cancellationToken)
    {
        var outcome = _outbound.Enqueue(frame, QueueEntry.Patient);
        if (outcome == SendOutcome.NoRoomYet)
        {
            return TransmitOwnedAsync(frame, Broker.Time.GetTimestamp(), cancellationToken);
        }

        frame.Release();
        return outcome == SendOutcome.Accepted ? new ValueTask<int>(1) : throw ClosedError();
    }

    private async ValueTask<int> TransmitOwnedAsync(FrameBuffer frame, long startedAt, CancellationToken cancellationToken)
    {
        try
        {
            SendOutcome outcome;
            while ((outcome = _outbound.Enqueue(frame, QueueEntry.Patient)) == SendOutcome.NoRoomYet)
            {
                await Broker.WaitAsync(WaitForRoomAsync(OutboundPipe.Cost(frame)), startedAt, cancellationToken).ConfigureAwait(false);
            }

            return outcome == SendOutcome.Accepted ? 1 : throw ClosedError();
        }
        finally
        {
            frame.Release();
        }
    }
}
