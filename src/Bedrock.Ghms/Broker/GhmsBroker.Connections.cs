using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsBroker
{
    private readonly RunningConnections _running;
    private bool _isClosed;
    private long _dropped;
    private long _unhandled;

    /// <summary>The reason of the Close 1001 that this side sends when it stops.</summary>
    internal string Farewell => Options.RetryAfter is { } time ? CloseMessage.ReasonToRetryAfter(time) : "";

    internal Traffic Traffic => _running.Traffic;

    internal bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>Counts what has been sent, received and dropped since the broker was created.</summary>
    public BrokerStats GetStats()
    {
        var traffic = Traffic;
        return new BrokerStats(traffic.SentMessages, traffic.ReceivedMessages, Volatile.Read(ref _dropped), Volatile.Read(ref _unhandled));
    }

    /// <summary>Ends every connection: what was accepted is sent, then a Close. From then on sends and starts fail, and upgrades get 503.</summary>
    /// <param name="status">Why; 1001, going away, by default.</param>
    /// <param name="reason">A text for the peers, at most 123 bytes of UTF-8.</param>
    /// <returns>A task that completes when every Close was handed to its transport, or 10 seconds have passed.</returns>
    /// <remarks>A 1001 without a reason carries the hint of <see cref="GhmsBrokerOptions.RetryAfter"/>.</remarks>
    /// <exception cref="AggregateException">For some connections not everything accepted could be handed to the transport; it holds each one's error.</exception>
    /// <exception cref="ArgumentException">The status may not be sent, or the reason is too long.</exception>
    public async Task CloseAsync(CloseStatus status = CloseStatus.GoingAway, string reason = "")
    {
        ArgumentNullException.ThrowIfNull(reason);
        new CloseMessage(status, reason).Validate();
        reason = status == CloseStatus.GoingAway && reason.Length == 0 ? Farewell : reason;
        Volatile.Write(ref _isClosed, true);
        var connections = _running.Snapshot();

        await Task.WhenAll(connections.Select(connection => connection.CloseAsync(status, reason))).ConfigureAwait(false);
        var errors = connections.Select(connection => connection.CloseError).OfType<Exception>().ToList();
        if (errors.Count > 0)
        {
            throw new AggregateException("Not everything could be sent before the connections closed.", errors);
        }
    }

    /// <summary>Closes the broker, if it is not closed yet, and waits until every transport is done with. Never fails.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await CloseAsync().ConfigureAwait(false);
        }
        catch (AggregateException)
        {
            // Each connection's own end tells; there is nobody left to hear it here.
        }

        await Task.WhenAll(_running.Snapshot().Select(connection => connection.TransportDone)).ConfigureAwait(false);
        _ = LeaveMeterAsync();
    }

    /// <summary>Breaks every connection that has not ended in order yet.</summary>
    internal void Abort(string reason)
    {
        foreach (var connection in _running.Snapshot())
        {
            connection.Abort(reason);
        }
    }

    /// <summary>Waits until no connection that runs now has a handler at work any more. Never fails.</summary>
    internal Task HandlersDoneAsync() => Task.WhenAll(_running.Snapshot().Select(connection => connection.Completion));

    /// <summary>Takes in an upgraded connection, which has to be run next.</summary>
    internal void TakeIn(GhmsConnection connection)
    {
        // In this order: once it runs it may be told to end, and an ended one is taken out of the open ones.
        _connections.Add(connection);
        _running.Add(connection);
        if (IsClosed)
        {
            // The broker was closed between the 101 and now.
            _ = connection.GoAwayAsync();
        }
    }

    internal async ValueTask OnConnectedAsync(GhmsConnection connection)
    {
        LogConnected(connection);
        foreach (var pipe in _pipes)
        {
            pipe.OnConnected(connection);
        }

        foreach (var callback in _connected)
        {
            await callback(connection).ConfigureAwait(false);
        }
    }

    /// <summary>Lets the pipes restore on a client's new connection what its server knew of the one before.</summary>
    internal async ValueTask ResumeAsync(GhmsConnection connection, CancellationToken cancellationToken)
    {
        foreach (var pipe in _pipes)
        {
            await pipe.ResumeAsync(connection, cancellationToken).ConfigureAwait(false);
        }
    }

    internal void OnTransportDone(GhmsConnection connection) => _ = ForgetAsync(connection);

    internal void OnEnded(GhmsConnection connection, ConnectionEnd end)
    {
        _connections.Remove(connection);
        Meter.OnClose(this, end);
    }

    internal void OnDropped(int count, string reason)
    {
        Interlocked.Add(ref _dropped, count);
        Meter.OnDrop(this, reason, count);
    }

    internal async ValueTask OnDisconnectedAsync(GhmsConnection connection)
    {
        try
        {
            foreach (var pipe in _pipes)
            {
                pipe.OnDisconnected(connection);
            }

            foreach (var callback in _disconnected)
            {
                await callback(connection).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            LogDisconnectedFailed(connection, exception);
        }

        LogDisconnected(connection);
    }

    // Its handlers may outlive the transport, and the host waits for them.
    private async Task ForgetAsync(GhmsConnection connection)
    {
        await connection.Completion.ConfigureAwait(false);
        _running.Remove(connection);
    }

    // Handlers that outlive the broker still count.
    private async Task LeaveMeterAsync()
    {
        await HandlersDoneAsync().ConfigureAwait(false);
        Meter.Remove(_running);
    }

    private void ThrowIfClosed()
    {
        if (IsClosed)
        {
            throw new GhmsConnectionClosedException("The broker has been closed.");
        }
    }
}
