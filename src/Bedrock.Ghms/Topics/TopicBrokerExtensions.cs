using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Topics.Listening;
using Bedrock.Ghms.Topics.Matching;
using Bedrock.Ghms.Topics.Serving;

namespace Bedrock.Ghms.Topics;

/// <summary>What the application of a server does with topics. Safe for concurrent use.</summary>
public static class TopicBrokerExtensions
{
    /// <summary>Publishes <paramref name="message"/> to everyone who subscribed to <paramref name="topic"/>, once each.</summary>
    /// <param name="broker">A broker with topics.</param>
    /// <param name="topic">1 to 255 bytes of UTF-8, without wildcards.</param>
    /// <param name="message">An instance of a registered type. It goes through the sender pipes added after the topics; whom they say it
    /// is for has no effect.</param>
    /// <param name="cancellationToken">Bounds the wait for room, and for others who publish to a topic that retains its value.</param>
    /// <returns>How many connections accepted the message; 0 if nobody subscribed.</returns>
    /// <exception cref="ArgumentException">The topic is none.</exception>
    /// <exception cref="InvalidOperationException">The broker has no topics.</exception>
    /// <exception cref="GhmsInvalidMessageCodeException">The message's type is not registered.</exception>
    /// <exception cref="GhmsSendFailedException">The send failed for some subscribers; the others received the message.</exception>
    /// <exception cref="TimeoutException">There was no room in time; nobody received the message.</exception>
    public static ValueTask<int> PublishAsync(
        this GhmsBroker broker, string topic, object message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        TopicSyntax.ThrowIfNoTopic(topic);
        return ServerOf(broker).PublishAsync(topic, message, cancellationToken);
    }

    /// <summary>Clears the value that <paramref name="topic"/> retains, if it has one. Nobody is told.</summary>
    /// <inheritdoc cref="PublishAsync"/>
    public static ValueTask ClearRetainedAsync(this GhmsBroker broker, string topic, CancellationToken cancellationToken = default)
    {
        TopicSyntax.ThrowIfNoTopic(topic);
        return ServerOf(broker).ClearAsync(topic, cancellationToken);
    }

    /// <summary>Counts what has become of publications, on a server or a client.</summary>
    /// <param name="broker">A broker with topics.</param>
    /// <exception cref="InvalidOperationException">The broker has no topics.</exception>
    public static TopicStats GetTopicStats(this GhmsBroker broker)
    {
        ArgumentNullException.ThrowIfNull(broker);
        return broker.FindPipe<TopicServer>()?.Stats ?? broker.FindPipe<TopicClient>()?.Stats ?? throw NoTopics();
    }

    private static TopicServer ServerOf(GhmsBroker broker)
    {
        ArgumentNullException.ThrowIfNull(broker);
        return broker.FindPipe<TopicServer>() ?? throw NoTopics();
    }

    private static InvalidOperationException NoTopics() => new("This broker has no topics: call AddTopics on its builder.");
}
