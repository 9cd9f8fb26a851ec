using System.Threading.Channels;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Client.Reconnecting;

/// <summary>Clients that reconnect to servers in memory, on a clock that stands still. Waits are as long as they can be: the jitter is 1.</summary>
internal abstract class ReconnectFixture : BrokerFixture
{
    private readonly List<GhmsClient> _clients = [];

    protected FakeNetwork Network { get; } = new();

    /// <summary>The states that the client built last has gone through since they were read.</summary>
    protected Channel<GhmsClientStateChange> Changes { get; } = Channel.CreateUnbounded<GhmsClientStateChange>();

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

    /// <summary>Builds a server of greetings.</summary>
    protected GhmsBroker BuildServer(Action<GhmsTestBuilder>? configure = null) => Build(builder =>
    {
        builder.AddJson().AddMessage<Greeting>().AddMessage<Farewell>();
        configure?.Invoke(builder);
    });

    protected GhmsClientBuilder Builder(params int[] ports) => new GhmsClientBuilder { Jitter = () => 1 }
        .AddJson().AddMessage<Greeting>().AddMessage<Farewell>()
        .UseConnectionFactory(Network).UseServices(Services)
        .ConnectTo((ports.Length == 0 ? [80] : ports).Select(port => new Uri($"http://localhost:{port}/")));

    /// <summary>Builds a client that reconnects: after 100 ms, 200 ms and so on, to 10 s.</summary>
    protected GhmsClient BuildClient(
        Action<GhmsReconnectOptions>? reconnect = null, Action<GhmsClientBuilder>? configure = null, params int[] ports)
    {
        var builder = Builder(ports).UseReconnect(options =>
        {
            options.InitialDelay = TimeSpan.FromMilliseconds(100);
            options.MaxDelay = TimeSpan.FromSeconds(10);
            reconnect?.Invoke(options);
        });
        configure?.Invoke(builder);
        return Own(builder.Build());
    }

    /// <summary>Watches a client, and closes it after the test.</summary>
    protected GhmsClient Own(GhmsClient client)
    {
        _clients.Add(client);
        client.StateChanged += (_, change) => Changes.Writer.TryWrite(change);
        return client;
    }

    /// <summary>Reads changes until the client is in <paramref name="state"/>, and returns the last one.</summary>
    protected async Task<GhmsClientStateChange> UntilAsync(GhmsClientState state)
    {
        while (true)
        {
            var change = await Changes.Reader.ReadAsync().InTime();
            if (change.New == state)
            {
                return change;
            }
        }
    }

    /// <summary>Waits until the client waits, checks for how long, and lets that time pass.</summary>
    protected async Task ExpectWaitAsync(TimeSpan wait)
    {
        await UntilAsync(GhmsClientState.Waiting);
        Assert.That(Services.Log.Last(record => record.Event.Name == "ClientWaiting").Text, Does.Contain($" {wait}."));
        Time.Advance(wait);
    }

    protected static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
