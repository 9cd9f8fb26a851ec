using Bedrock.Ghms.Client;
using Bedrock.Ghms.Topics.Listening;
using Bedrock.Ghms.Topics.Matching;

namespace Bedrock.Ghms.Topics;

/// <summary>What a client does with topics. Safe for concurrent use.</summary>
public static class TopicClientExtensions
{
    /// <summary>Subscribes to <paramref name="filter"/>.</summary>
    /// <typeparam name="T">The type of the messages that are handled; those of other types are passed over. <see cref="object"/> takes all.</typeparam>
    /// <param name="client">A client with topics.</param>
    /// <param name="filter">1 to 255 bytes of UTF-8: a topic in which <c>+</c> may stand for one level and a final <c>#</c> for all that follow.</param>
    /// <param name="handler">Runs in the connection's read loop, after the pipes added behind the topics; a failure ends the connection with status 1011.
    /// Values that topics retain may come before this method has returned.</param>
    /// <param name="cancellationToken">Ends the wait for the server's answer.</param>
    /// <remarks>A client that reconnects waits for a connection, for as long as it takes, and asks again when it ends before the server has answered.</remarks>
    /// <returns>The subscription, to be disposed of. A filter that this client has subscribed to already is not asked for again, so that
    /// retained values come to its first subscription only.</returns>
    /// <exception cref="ArgumentException">The filter is none.</exception>
    /// <exception cref="InvalidOperationException">The client has no topics.</exception>
    /// <exception cref="GhmsInvalidMessageCodeException">No message of a registered type can be a <typeparamref name="T"/>.</exception>
    /// <exception cref="GhmsSubscriptionException">The server refused.</exception>
    /// <exception cref="GhmsConnectionClosedException">There is no connection, or it ended before the server answered; or the client, if it
    /// reconnects, has been closed or has given up.</exception>
    /// <exception cref="TimeoutException">The server did not answer within the client's time-out.</exception>
    public static Task<TopicSubscription> SubscribeAsync<T>(
        this GhmsClient client, string filter, TopicHandler<T> handler, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        TopicSyntax.ThrowIfNoFilter(filter);
        return TopicsOf(client).SubscribeAsync(client, filter, handler, refused: null, cancellationToken);
    }

    /// <summary>Subscribes to <paramref name="filter"/> and enumerates what is published, until the caller stops.</summary>
    /// <typeparam name="T">The type of the messages; those of other types are passed over. <see cref="object"/> takes all.</typeparam>
    /// <param name="client">A client with topics.</param>
    /// <param name="filter">1 to 255 bytes of UTF-8: a topic in which <c>+</c> may stand for one level and a final <c>#</c> for all that follow.</param>
    /// <param name="overflow">What happens when the reader is too slow.</param>
    /// <param name="capacity">How many messages are buffered for the reader. Default 256.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>The messages. Each enumeration is a subscription of its own, which begins with the first step. It fails when the client has no connection and makes
    /// no other one, or the server refuses to restore the subscription.</returns>
    /// <inheritdoc cref="SubscribeAsync{T}" path="/exception"/>
    public static IAsyncEnumerable<TopicMessage<T>> ReadAsync<T>(
        this GhmsClient client, string filter, TopicOverflow overflow, int capacity = 256, CancellationToken cancellationToken = default)
    {
        TopicSyntax.ThrowIfNoFilter(filter);
        return new TopicBuffer<T>(client, TopicsOf(client), filter, overflow, capacity).ReadAsync(cancellationToken);
    }

    /// <summary>Publishes <paramref name="message"/> to a topic of the server.</summary>
    /// <param name="client">A client with topics.</param>
    /// <param name="topic">1 to 255 bytes of UTF-8, without wildcards.</param>
    /// <param name="message">An instance of a registered type. It goes through the sender pipes added after the topics.</param>
    /// <param name="cancellationToken">Bounds the wait for room.</param>
    /// <returns>1, when the connection has accepted the publication. Who gets it, if anyone, its sender does not hear.</returns>
    /// <exception cref="ArgumentException">The topic is none.</exception>
    /// <exception cref="InvalidOperationException">The client has no topics.</exception>
    /// <inheritdoc cref="Broker.GhmsConnection.SendAsync" path="/exception"/>
    public static ValueTask<int> PublishAsync(
        this GhmsClient client, string topic, object message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        TopicSyntax.ThrowIfNoTopic(topic);
        var topics = TopicsOf(client);
        return client.Ready is { } ready
            ? topics.PublishAsync(ready, topic, message, cancellationToken)
            : PublishLaterAsync(client, topics, topic, message, cancellationToken);
    }

    /// <summary>Clears the value that a topic of the server retains. Nobody is told.</summary>
    /// <inheritdoc cref="PublishAsync"/>
    public static ValueTask<int> ClearRetainedAsync(this GhmsClient client, string topic, CancellationToken cancellationToken = default)
    {
        TopicSyntax.ThrowIfNoTopic(topic);
        var topics = TopicsOf(client);
        return client.PassAsync(connection => topics.ClearAsync(connection, topic, cancellationToken), cancellationToken);
    }

    private static ValueTask<int> PublishLaterAsync(
        GhmsClient client, TopicClient topics, string topic, object message, CancellationToken cancellationToken) =>
        client.PassAsync(connection => topics.PublishAsync(connection, topic, message, cancellationToken), cancellationToken);

    private static TopicClient TopicsOf(GhmsClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.Broker.FindPipe<TopicClient>()
            ?? throw new InvalidOperationException("This client has no topics: call AddTopics on its builder.");
    }
}
