using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client.Telemetry;
using Bedrock.Ghms.Protocol.Framing;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>Connects a client, and connects it again when its connection has ended.</summary>
/// <remarks>One task at a time does so: that of whoever asked to connect, and after it the one that keeps the connection.</remarks>
/// <param name="broker">Whose connections they are.</param>
/// <param name="servers">Which server to try when.</param>
/// <param name="attempts">Makes the attempts.</param>
/// <param name="state">What the client is doing.</param>
/// <param name="gate">Where its sends pass.</param>
/// <param name="meter">Where they are counted.</param>
/// <param name="logger">Where attempts and their outcomes are written.</param>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no wait handle: there is nothing to dispose.")]
internal sealed partial class ConnectionKeeper(
    GhmsBroker broker, ServerList servers, Attempts attempts, StateBoard state, SendGate gate, ClientMeter meter, ILogger logger)
{
    private readonly ILogger _logger = logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _sync = new();
    private Task _keeping = Task.CompletedTask;
    private bool _isBusy;

    /// <summary>Connects, or waits for whoever does so already.</summary>
    /// <exception cref="GhmsConnectionClosedException">The client has been closed.</exception>
    /// <exception cref="Exception">Why the last attempt failed.</exception>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        if (!TryBegin())
        {
            await state.WaitForConnectedAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        servers.Begin();
        gate.Expect();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token, cancellationToken);
        try
        {
            Keep(await EstablishAsync(null, either.Token).ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            Stop(exception);
            if (_closing.IsCancellationRequested)
            {
                throw Closed(exception);
            }

            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Ends the connection, and every attempt to make another one, for good.</summary>
    public async Task CloseAsync(CloseStatus status, string reason)
    {
        new CloseMessage(status, reason).Validate();
        state.Set(GhmsClientState.Closed);

        // What others have hung on the token is theirs to answer for.
        await _closing.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        gate.TurnAway(Closed(), forGood: true);
        await (gate.Newest?.CloseAsync(status, reason) ?? Task.CompletedTask).ConfigureAwait(false);
        await KeepingDone().ConfigureAwait(false);
    }

    private static GhmsConnectionClosedException Closed(Exception? cause = null) => new("The client has been closed.", cause);

    private bool TryBegin()
    {
        lock (_sync)
        {
            return _closing.IsCancellationRequested ? throw Closed() : !_isBusy && (_isBusy = true);
        }
    }

    private void Keep(ServerConnection connected)
    {
        lock (_sync)
        {
            _keeping = KeepAsync(connected);
        }
    }

    private Task KeepingDone()
    {
        lock (_sync)
        {
            return _keeping;
        }
    }

    private void Stop(Exception cause)
    {
        lock (_sync)
        {
            _isBusy = false;
        }

        gate.TurnAway(new GhmsConnectionClosedException("The client has no connection and tries no more to make one.", cause), forGood: false);
        state.Set(GhmsClientState.Disconnected, cause);
    }

    // Never fails: whoever wants to know has been told when it ends.
    private async Task KeepAsync(ServerConnection connected)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                await connected.Connection.Ended.ConfigureAwait(false);
                var lost = connected.Connection.ClosedError();
                if (_closing.IsCancellationRequested)
                {
                    Stop(lost);
                    return;
                }

                if (!servers.GoOnAfter(connected))
                {
                    OnOver(connected.Connection, lost);
                    return;
                }

                LogLost(connected.Connection.Id, connected.Server.Name, lost.Message);
                await WaitAsync(lost, _closing.Token).ConfigureAwait(false);
                connected = await EstablishAsync(lost, _closing.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            if (!_closing.IsCancellationRequested)
            {
                LogGaveUp(Describe(exception));
            }

            Stop(exception);
        }
    }

    private void OnOver(GhmsConnection connection, GhmsConnectionClosedException lost)
    {
        if (servers.MayGoOn && connection.End is not { Cause: ConnectionEndCause.ClosedHere, Status: CloseStatus.Normal })
        {
            LogGaveUp(Describe(lost));
        }

        Stop(lost);
    }

    private async Task<ServerConnection> EstablishAsync(Exception? lost, CancellationToken cancellationToken)
    {
        while (true)
        {
            var failed = new List<FailedAttempt>();
            foreach (var server in servers.Due())
            {
                var (connected, failure) = await attempts.TryAsync(server, () => OnConnecting(server, lost), cancellationToken).ConfigureAwait(false);
                if (connected is not null)
                {
                    return OnConnected(connected);
                }

                if (failure is null)
                {
                    servers.PutOff(server);
                    LogHeldBack(server.Name);
                }
                else
                {
                    LogFailed(server.Name, Describe(failure.Exception));
                    meter.OnFailed(broker.Name, failure.Exception);
                    failed.Add(failure);
                    lost = failure.Exception;
                }
            }

            if (!servers.GoOnAfter(failed))
            {
                ExceptionDispatchInfo.Throw(failed[^1].Exception);
            }

            await WaitAsync(lost, cancellationToken).ConfigureAwait(false);
        }
    }

    private void OnConnecting(Candidate server, Exception? lost)
    {
        state.Set(GhmsClientState.Connecting, lost);
        LogConnecting(server.Name);
    }

    private ServerConnection OnConnected(ServerConnection connected)
    {
        meter.OnConnected(broker.Name, isFirst: gate.Newest is null);
        gate.Open(connected.Connection);
        if (_closing.IsCancellationRequested)
        {
            // Whoever closes the client has looked for a connection before this one was there.
            _ = connected.Connection.CloseAsync();
            throw Closed();
        }

        LogConnected(connected.Server.Name, connected.Connection.Id);
        state.Set(GhmsClientState.Connected);
        return connected;
    }

    private async Task WaitAsync(Exception? cause, CancellationToken cancellationToken)
    {
        if (servers.Left is var left && left > TimeSpan.Zero)
        {
            var waiting = Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), broker.Time, cancellationToken);
            LogWaiting(left);
            state.Set(GhmsClientState.Waiting, cause);
            await waiting.ConfigureAwait(false);
        }
    }
}
