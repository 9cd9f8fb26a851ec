using System.Collections.Concurrent;
using System.Threading.Channels;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>Clients of a broker with topics, which are closed after the test.</summary>
internal abstract class ClientFixture : BrokerFixture
{
    private readonly List<GhmsClient> _clients = [];

    [TearDown]
    public async Task CloseClientsAsync()
    {
        foreach (var client in _clients)
        {
            var disposed = client.DisposeAsync().AsTask();
            while (!disposed.IsCompleted)
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            await disposed;
        }
    }

    /// <summary>A server that notes the publications and subscriptions it receives.</summary>
    protected (GhmsBroker Broker, Received Received) BuildServer(Action<GhmsTopicOptions>? configure = null)
    {
        var received = new Received();
        return (Build(builder => builder.AddJson().AddMessage<Greeting>().AddMessage<Farewell>().UsePipe(received).AddTopics(configure)), received);
    }

    protected async Task<GhmsClient> ConnectClientAsync(GhmsBroker server, Action<GhmsClientBuilder>? configure = null, InMemoryOptions? options = null)
    {
        var builder = new GhmsClientBuilder().AddJson().AddMessage<Greeting>().AddMessage<Farewell>().AddTopics();
        configure?.Invoke(builder);
        var client = await builder
            .UseServices(Services)
            .UseConnectionFactory(new InMemoryServer(server, options))
            .ConnectAsync(new Uri("http://localhost/"));
        _clients.Add(client);
        return client;
    }

    /// <summary>A handler that hands over what it gets, as text.</summary>
    protected static (TopicHandler<T> Handler, ChannelReader<string> Got) Collect<T>()
    {
        var got = Channel.CreateUnbounded<string>();
        return ((topic, message, _) => got.Writer.WriteAsync($"{topic}: {message}", CancellationToken.None), got.Reader);
    }

    /// <summary>Types of the messages that a pipe has seen.</summary>
    protected sealed class Received : GhmsPipe
    {
        public ConcurrentQueue<string> Types { get; } = [];

        public int Count(string type) => Types.Count(seen => seen == type);

        protected internal override ValueTask HandleAsync(
            GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            Types.Enqueue(message.GetType().Name);
            return next(connection, message, cancellationToken);
        }
    }
}
