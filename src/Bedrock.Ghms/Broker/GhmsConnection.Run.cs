using Bedrock.Ghms.Broker.Inbound;
using Bedrock.Ghms.Broker.Timing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsConnection
{
    private Task _announced = Task.CompletedTask;
    private Signal _transportDone;

    /// <summary>Completes when the transport is done with.</summary>
    internal Task TransportDone => _transportDone.Task;

    /// <summary>Why not everything that was accepted could be handed to the transport, if so.</summary>
    internal GhmsConnectionClosedException? CloseError { get; private set; }

    /// <summary>Runs the connection from its upgrade until its transport is done with. Never fails.</summary>
    /// <param name="ownsTransport">Whether the transport is to be disposed in the end.</param>
    /// <remarks>What awaits here is held for as long as the connection is idle: nothing stands between it and the read loop.</remarks>
    internal async Task RunAsync(bool ownsTransport)
    {
        var tick = Broker.Ticker.Add(this, TickPeriod);
        try
        {
            _outbound.Begin();
            _announced = AnnounceAsync();
            if (!_announced.IsCompleted)
            {
                // A callback may await the end of the connection it is told of, as one that turns it away does.
                await Task.WhenAny(_announced, Ended).ConfigureAwait(false);
            }

            var end = await _reader.RunAsync().ConfigureAwait(false);
            await FinishReadingAsync(end).ConfigureAwait(false);
            await EndAsync(ownsTransport).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // A defect of ours must not take the process down with it; the connection is lost, and told as such.
            OnLost(exception);
        }
        finally
        {
            Broker.Ticker.Remove(tick);
            _flushed.Set();
            CompleteAsync();
        }

        if (ownsTransport)
        {
            await DisposeTransportAsync().ConfigureAwait(false);
        }

        _transportDone.Set();
        Broker.OnTransportDone(this);
    }

    private async Task AnnounceAsync()
    {
        try
        {
            await Broker.OnConnectedAsync(this).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }
    }

    private async Task FinishReadingAsync(InputEnd end)
    {
        switch (end)
        {
            case InputEnd.EndedByPeer:
                await _reader.FinishAsync().ConfigureAwait(false);
                TryEnd(new ConnectionEnd(ConnectionEndCause.EndedByPeer, 0, "The peer ended the connection."));
                break;
            case InputEnd.Violated:
                await FinishInTimeAsync().ConfigureAwait(false);
                OnViolation(_reader.Violation!);
                break;
        }
    }

    // What was received whole is handled before its sender hears what it did wrong, but a handler cannot put that off for ever.
    private async Task FinishInTimeAsync()
    {
        var finishing = _reader.FinishAsync();
        if (await Task.WhenAny(finishing, Task.Delay(EndTime, Broker.Time)).ConfigureAwait(false) != finishing)
        {
            OnViolation(_reader.Violation!);
            await finishing.ConfigureAwait(false);
        }
    }

    private async Task EndAsync(bool ownsTransport)
    {
        if (End is { Cause: ConnectionEndCause.ClosedHere })
        {
            // Whoever ended the connection may not have come to queue its Close yet.
            await EndedHere.ConfigureAwait(false);
        }
        else
        {
            _outbound.Close(last: null, discard: false);
        }

        var flushed = FlushLastAsync();
        if (IsEndedHere && !_reader.IsInputOver)
        {
            await _reader.ReadOffAsync(flushed).ConfigureAwait(false);
        }

        await flushed.ConfigureAwait(false);
        await _outbound.CompleteAsync().ConfigureAwait(false);
        await _transport.Transport.Input.CompleteAsync().ConfigureAwait(false);
        await TransportDoneAsync(ownsTransport).ConfigureAwait(false);
    }

    private async Task FlushLastAsync()
    {
        try
        {
            await _outbound.FlushAsync().ConfigureAwait(false);
        }
        catch (GhmsConnectionClosedException exception)
        {
            // The transport is gone, or was aborted because the peer did not read for ten seconds.
            CloseError = exception;
        }

        _flushed.Set();
    }

    // What was flushed may still be on its way out of the transport's buffer; the deadline of the clock bounds the wait.
    private async Task TransportDoneAsync(bool ownsTransport)
    {
        var closed = _transport.ConnectionClosed;
        var canTell = !ownsTransport && closed.CanBeCanceled && _transport.Features.Get<ITlsHandshakeFeature>() is null;
        if (canTell && !closed.IsCancellationRequested)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using (closed.UnsafeRegister(static done => ((TaskCompletionSource)done!).TrySetResult(), done))
            {
                await Task.WhenAny(done.Task, _aborted.Task).ConfigureAwait(false);
            }
        }

        // The peer's FIN fires it before its time, whether it has been waited for or not, so nothing tells when the last byte has gone. Or TLS
        // lies in between, or other middleware with pipes of its own, which end the transport's only when whoever uses the connection has let
        // go of it.
        SocketDeadline.Set(_transport, Broker, EndTime);
    }

    private async Task DisposeTransportAsync()
    {
        try
        {
            await _transport.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The connection has ended; a transport of another maker that fails to let go is worth a line, no more.
            Broker.LogLost(this, exception);
        }
    }

    // A handler may outlive its connection; nobody else waits for it.
    private async void CompleteAsync()
    {
        await _announced.ConfigureAwait(false);
        await _reader.HandlersDoneAsync().ConfigureAwait(false);
        await Broker.OnDisconnectedAsync(this).ConfigureAwait(false);
        _completion.Set();
    }

    /// <summary>Breaks the connection: whatever waits for its transport waits no longer.</summary>
    internal void Abort(string reason)
    {
        _transport.Abort(new ConnectionAbortedException(reason));
        _outbound.CancelFlush();
        _aborted.Set();
        _endedHere.Set();
    }
}
