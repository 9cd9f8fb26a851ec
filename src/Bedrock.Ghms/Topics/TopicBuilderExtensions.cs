using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Topics.Listening;
using Bedrock.Ghms.Topics.Serving;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bedrock.Ghms.Topics;

/// <summary>Adds topics (section 6 of the protocol) to the brokers of servers and clients.</summary>
/// <remarks>
/// Topics are a pipe, and its place counts: messages that are published by the application, and those that a client receives, go through the
/// pipes added after it before they are wrapped and after they are unwrapped. What a server relays it does not decode, so no pipe sees
/// the message inside.
/// </remarks>
public static class TopicBuilderExtensions
{
    /// <summary>Lets peers subscribe to topics and publish to them.</summary>
    /// <typeparam name="TBuilder">The builder's own type.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings. They are checked when the broker starts.</param>
    public static TBuilder AddTopics<TBuilder>(this TBuilder builder, Action<GhmsTopicOptions>? configure = null)
        where TBuilder : IGhmsBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Definition.Pipes.Add(services =>
        {
            var options = new GhmsTopicOptions();
            configure?.Invoke(options);
            return new TopicServer(options.CheckedCopy(), LoggerFactory(services).CreateLogger<TopicServer>());
        });
        return builder;
    }

    /// <summary>Lets a client subscribe to the server's topics and publish to them.</summary>
    /// <param name="builder">The builder.</param>
    public static GhmsClientBuilder AddTopics(this GhmsClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UsePipe(services => new TopicClient(LoggerFactory(services).CreateLogger<TopicClient>()));
    }

    private static ILoggerFactory LoggerFactory(IServiceProvider services) =>
        (ILoggerFactory?)services.GetService(typeof(ILoggerFactory)) ?? NullLoggerFactory.Instance;
}
