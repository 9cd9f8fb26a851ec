using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;

namespace Bedrock.Ghms.Client;

/// <summary>One connection to a server, with the broker that runs it. Safe for concurrent use.</summary>
public sealed class GhmsClient : IMessageSender, IAsyncDisposable
{
    internal GhmsClient(GhmsBroker broker, GhmsConnection connection)
    {
        Broker = broker;
        Connection = connection;
    }

    /// <summary>The broker; sends on it run through its pipes.</summary>
    public GhmsBroker Broker { get; }

    /// <summary>The connection; sends on it go past all pipes.</summary>
    public GhmsConnection Connection { get; }

    /// <summary>Sends <paramref name="message"/> to the server, through the client's sender pipes.</summary>
    /// <inheritdoc cref="GhmsBroker.SendAsync(object, CancellationToken)"/>
    /// <exception cref="GhmsConnectionClosedException">The connection has ended.</exception>
    public ValueTask<int> SendAsync(object message, CancellationToken cancellationToken = default) =>
        Broker.SendAsync(message, Recipients.Of(Connection), cancellationToken);

    /// <summary>Asks the server and returns its reply.</summary>
    /// <inheritdoc cref="RequestConnectionExtensions.RequestAsync{TReply}"/>
    public ValueTask<TReply> RequestAsync<TReply>(object message, CancellationToken cancellationToken = default)
        where TReply : notnull => Connection.RequestAsync<TReply>(message, cancellationToken);

    /// <summary>Asks the server for a stream of items. Each enumeration asks anew, when it begins.</summary>
    /// <inheritdoc cref="RequestConnectionExtensions.StreamAsync{TItem}"/>
    public IAsyncEnumerable<TItem> StreamAsync<TItem>(object message, CancellationToken cancellationToken = default)
        where TItem : notnull => Connection.StreamAsync<TItem>(message, cancellationToken);

    /// <inheritdoc cref="GhmsConnection.FlushAsync"/>
    public Task FlushAsync(CancellationToken cancellationToken = default) => Connection.FlushAsync(cancellationToken);

    /// <inheritdoc cref="GhmsConnection.CloseAsync"/>
    public Task CloseAsync(CloseStatus status = CloseStatus.Normal, string reason = "") => Connection.CloseAsync(status, reason);

    /// <summary>Closes the connection with status 1000, if it has not ended, and waits until its transport is done with. Never fails.</summary>
    public async ValueTask DisposeAsync()
    {
        await Connection.CloseAsync().ConfigureAwait(false);
        await Broker.DisposeAsync().ConfigureAwait(false);
    }
}
