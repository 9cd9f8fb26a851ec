using Bedrock.Ghms.Broker.Inbound;
using Bedrock.Ghms.Broker.Timing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsConnection
{
    private Task _announced = Task.CompletedTask;

    /// <summary>Why not everything that was accepted could be handed to the transport, if so.</summary>
    internal GhmsConnectionClosedException? CloseError { get; private set; }

    /// <summary>Runs the connection from its upgrade until its transport is done with. Never fails.</summary>
    internal async Task RunAsync()
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

            await ReadAsync().ConfigureAwait(false);
            await EndAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // A defect of ours must not take the process down with it; the connection is lost, and told as such.
            OnLost(exception);
        }
        finally
        {
            Broker.Ticker.Remove(tick);
            _flushed.TrySetResult();
            CompleteAsync();
        }
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

    private async Task ReadAsync()
    {
        switch (await _reader.RunAsync().ConfigureAwait(false))
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

    private async Task EndAsync()
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
        await TransportDoneAsync().ConfigureAwait(false);
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

        _flushed.TrySetResult();
    }

    // What was flushed may still be on its way out of the transport's buffer; the deadline of the clock bounds the wait.
    private async Task TransportDoneAsync()
    {
        var closed = _transport.ConnectionClosed;
        if (closed.IsCancellationRequested || _transport.Features.Get<ITlsHandshakeFeature>() is not null)
        {
            // The peer's FIN has fired it before its time, so nothing tells when the last byte has gone. Or TLS lies in between,
            // and says its own last word only when whoever uses the connection has let go of it.
            SocketDeadline.Set(_transport, Broker.Ticker, EndTime);
            return;
        }

        if (!closed.CanBeCanceled)
        {
            return;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (closed.UnsafeRegister(static done => ((TaskCompletionSource)done!).TrySetResult(), done))
        {
            await Task.WhenAny(done.Task, _aborted.Task).ConfigureAwait(false);
        }
    }

    // A handler may outlive its connection; nobody else waits for it.
    private async void CompleteAsync()
    {
        await _announced.ConfigureAwait(false);
        await _reader.HandlersDoneAsync().ConfigureAwait(false);
        await Broker.OnDisconnectedAsync(this).ConfigureAwait(false);
        _completion.TrySetResult();
    }

    private void Abort(string reason)
    {
        _transport.Abort(new ConnectionAbortedException(reason));
        _aborted.TrySetResult();
        _endedHere.TrySetResult();
    }
}
