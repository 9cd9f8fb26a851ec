using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client.Reconnecting;
using Bedrock.Ghms.Client.Telemetry;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Client;

/// <summary>One broker and at most one connection to a server, which a client with <see cref="GhmsClientBuilder.UseReconnect(Action{GhmsReconnectOptions}?)"/> makes anew
/// whenever it ends. Safe for concurrent use.</summary>
/// <remarks>
/// Handlers, pipes and counters are the broker's and outlive connections. A handler that is at work when its connection ends goes on, and may run
/// beside the first ones of the next connection.
/// </remarks>
public sealed partial class GhmsClient : IMessageSender, IAsyncDisposable
{
    private readonly ILogger _logger;
    private readonly StateBoard _state;
    private readonly SendGate _gate;
    private readonly ConnectionKeeper _keeper;

    internal GhmsClient(GhmsBroker broker, ServerList servers, Attempts attempts, int maxWaitingSends, ILogger logger)
    {
        Broker = broker;
        Reconnects = servers.MayGoOn;
        _logger = logger;
        _state = new StateBoard(Tell);
        _gate = new SendGate(broker, maxWaitingSends);
        var meter = ClientMeter.Of(broker.Meter.Meter);
        meter.Add(this);
        _keeper = new ConnectionKeeper(broker, servers, attempts, _state, _gate, meter, logger);
    }

    /// <summary>Tells of each change of <see cref="State"/>, one at a time and in order. Handlers must be quick: the client waits for them.</summary>
    public event EventHandler<GhmsClientStateChange>? StateChanged;

    /// <summary>The broker; sends on it run through its pipes, and never wait for a connection.</summary>
    public GhmsBroker Broker { get; }

    /// <summary>What the client is doing about its connection.</summary>
    public GhmsClientState State => _state.State;

    /// <summary>The newest connection, which may have ended: its <see cref="GhmsConnection.End"/> tells why. Sends on it go past all pipes.</summary>
    /// <exception cref="GhmsConnectionClosedException">There has been no connection yet.</exception>
    public GhmsConnection Connection => _gate.Newest ?? throw new GhmsConnectionClosedException("The client has not been connected yet.");

    /// <summary>Whether there will be another connection when one ends.</summary>
    internal bool Reconnects { get; }

    /// <summary>How many sends wait for a connection.</summary>
    internal int WaitingSends => _gate.Waiting;

    /// <summary>Connects to the server. A client that reconnects tries until it is connected, or its <see cref="GhmsReconnectOptions.MaxAttempts"/>
    /// are used up; any other tries each of its end points once.</summary>
    /// <param name="cancellationToken">Ends the attempts; without effect once the client is connected.</param>
    /// <returns>A task that completes when the client is connected; at once if it is. If somebody else is connecting it, this waits for them.</returns>
    /// <exception cref="GhmsConnectionClosedException">The client has been closed.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">No connection could be made, at the last attempt.</exception>
    /// <exception cref="GhmsUpgradeException">The server refused, at the last attempt; the exception has its status, reason and text.</exception>
    /// <exception cref="TimeoutException">There was no connection or no answer in time, at the last attempt.</exception>
    /// <exception cref="ArgumentException">A header field or a path cannot be sent.</exception>
    public Task ConnectAsync(CancellationToken cancellationToken = default) => _keeper.ConnectAsync(cancellationToken);

    /// <summary>Completes when the client is connected, at once if it is. It connects nothing itself.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="GhmsConnectionClosedException">The client has been closed, or gives up meanwhile.</exception>
    public Task WaitForConnectedAsync(CancellationToken cancellationToken = default) => _state.WaitForConnectedAsync(cancellationToken);

    /// <summary>Sends <paramref name="message"/> to the server, through the client's sender pipes.</summary>
    /// <inheritdoc cref="GhmsBroker.SendAsync(object, CancellationToken)"/>
    /// <remarks>With <see cref="GhmsReconnectOptions.MaxWaitingSends"/> it waits for a connection where there is none. What a connection has accepted is
    /// never sent again on another: when the connection ends, some of it may have arrived.</remarks>
    /// <exception cref="GhmsConnectionClosedException">There is no connection, or it ended before it accepted the message; nothing was sent.</exception>
    public ValueTask<int> SendAsync(object message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_gate.Ready is not { } connection)
        {
            return SendLaterAsync(message, cancellationToken);
        }

        var sending = Broker.SendAsync(message, Recipients.Of(connection), cancellationToken);
        return sending.IsCompletedSuccessfully || !_gate.MayWait ? sending : SendOrWaitAsync(sending, connection, message, cancellationToken);
    }

    /// <summary>Asks the server and returns its reply.</summary>
    /// <inheritdoc cref="RequestConnectionExtensions.RequestAsync{TReply}"/>
    /// <remarks>With <see cref="GhmsReconnectOptions.MaxWaitingSends"/> it waits for a connection where there is none, in its turn among the sends. Once
    /// asked, a request fails with its connection, and <see cref="GhmsRequestException.MayHaveBeenReceived"/> tells whether asking again may do something twice.</remarks>
    public ValueTask<TReply> RequestAsync<TReply>(object message, CancellationToken cancellationToken = default)
        where TReply : notnull
    {
        if (_gate.Ready is not { } connection)
        {
            return RequestLaterAsync<TReply>(message, cancellationToken);
        }

        var asking = connection.RequestAsync<TReply>(message, cancellationToken);
        return asking.IsFaulted && _gate.MayWait ? RequestOrWaitAsync(asking, connection, message, cancellationToken) : asking;
    }

    /// <summary>Asks the server for a stream of items. Each enumeration asks anew, when it begins.</summary>
    /// <inheritdoc cref="RequestConnectionExtensions.StreamAsync{TItem}"/>
    public IAsyncEnumerable<TItem> StreamAsync<TItem>(object message, CancellationToken cancellationToken = default)
        where TItem : notnull
    {
        ArgumentNullException.ThrowIfNull(message);
        return new ClientStream<TItem>(this, message, cancellationToken);
    }

    /// <inheritdoc cref="GhmsConnection.FlushAsync"/>
    public Task FlushAsync(CancellationToken cancellationToken = default) => Connection.FlushAsync(cancellationToken);

    /// <summary>Ends the client for good: everything its connection has accepted is sent, then a Close. What waits for a connection fails. A second call changes nothing.</summary>
    /// <inheritdoc cref="GhmsConnection.CloseAsync"/>
    public Task CloseAsync(CloseStatus status = CloseStatus.Normal, string reason = "") => _keeper.CloseAsync(status, reason);

    /// <summary>Closes the client with status 1000, if it is not closed yet, and waits until its transports are done with. Never fails.</summary>
    public async ValueTask DisposeAsync()
    {
        await _keeper.CloseAsync(CloseStatus.Normal, "").ConfigureAwait(false);
        await Broker.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The connection to send on at once, if there is nothing to wait for.</summary>
    internal GhmsConnection? Ready => _gate.MayWait ? null : _gate.Ready;

    /// <inheritdoc cref="SendGate.PassAsync"/>
    internal ValueTask<T> PassAsync<T>(Func<GhmsConnection, ValueTask<T>> send, CancellationToken cancellationToken, bool isPatient = false) =>
        _gate.PassAsync(send, cancellationToken, isPatient);

    private ValueTask<int> SendLaterAsync(object message, CancellationToken cancellationToken) => _gate.PassAsync(
        connection => Broker.SendAsync(message, Recipients.Of(connection), cancellationToken), cancellationToken);

    // A connection that has ended before it took the message has not sent it: it waits as if it came now.
    private async ValueTask<int> SendOrWaitAsync(
        ValueTask<int> sending, GhmsConnection connection, object message, CancellationToken cancellationToken)
    {
        try
        {
            return await sending.ConfigureAwait(false);
        }
        catch (GhmsConnectionClosedException) when (!connection.IsOpen)
        {
            return await SendLaterAsync(message, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<TReply> RequestOrWaitAsync<TReply>(
        ValueTask<TReply> asking, GhmsConnection connection, object message, CancellationToken cancellationToken)
        where TReply : notnull
    {
        try
        {
            return await asking.ConfigureAwait(false);
        }
        catch (GhmsConnectionClosedException) when (!connection.IsOpen)
        {
            return await RequestLaterAsync<TReply>(message, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<TReply> RequestLaterAsync<TReply>(object message, CancellationToken cancellationToken)
        where TReply : notnull
    {
        var asking = await PassAsync(Ask, cancellationToken).ConfigureAwait(false);
        return await asking.ConfigureAwait(false);

        async ValueTask<Task<TReply>> Ask(GhmsConnection connection)
        {
            var asking = connection.RequestAsync<TReply>(message, cancellationToken).AsTask();
            if (asking.IsFaulted && !connection.IsOpen)
            {
                // Nothing was sent where the connection had ended before; that is known here, and waits for the next.
                await asking.ConfigureAwait(false);
            }

            return asking;
        }
    }

    private void Tell(GhmsClientStateChange change)
    {
        try
        {
            StateChanged?.Invoke(this, change);
        }
        catch (Exception exception)
        {
            LogStateChangedFailed(exception);
        }
    }

    [LoggerMessage(77, LogLevel.Error, "A handler of StateChanged failed.", EventName = "ClientStateChangedFailed")]
    private partial void LogStateChangedFailed(Exception exception);
}
