using System.Net.Sockets;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.InMemory;

/// <summary>What a test can do to a server in memory, and to the clients that it has.</summary>
internal sealed class InMemoryServerTests : BrokerFixture
{
    [Test]
    public void Where_the_server_is_down_nobody_listens()
    {
        var server = new InMemoryServer(Greeter()) { IsDown = true };
        Assert.That(
            async () => await Client(server).ConnectAsync().InTime(),
            Throws.TypeOf<SocketException>().With.Property(nameof(SocketException.SocketErrorCode)).EqualTo(SocketError.ConnectionRefused));
        Assert.That(server.Connect, Throws.TypeOf<SocketException>());
    }

    [Test]
    public async Task Connections_that_are_there_outlast_a_server_that_takes_no_more()
    {
        var server = new InMemoryServer(Greeter());
        await using var client = Client(server);
        await client.ConnectAsync().InTime();
        server.IsDown = true;
        Assert.That(await client.SendAsync(new Greeting("hello")), Is.EqualTo(1));
    }

    [Test]
    public async Task Breaking_connections_is_a_loss_to_both_sides()
    {
        var ended = new TaskCompletionSource<ConnectionEnd>();
        var broker = Build(broker => broker.AddJson().AddMessage<Greeting>().OnDisconnected(connection =>
        {
            ended.SetResult(connection.End!);
            return ValueTask.CompletedTask;
        }));
        var server = new InMemoryServer(broker);
        await using var client = Client(server);
        await client.ConnectAsync().InTime();
        server.BreakConnections();
        await client.Connection.Completion.InTime();
        Assert.That(client.Connection.End!.Cause, Is.EqualTo(ConnectionEndCause.Lost));
        Assert.That((await ended.Task.InTime()).Cause, Is.EqualTo(ConnectionEndCause.Lost));
        await client.WaitForStateAsync(GhmsClientState.Disconnected).InTime();
    }

    [Test]
    public async Task A_client_comes_back_with_its_subscriptions_when_the_server_and_the_clock_let_it()
    {
        var broker = Build(broker => broker.AddJson().AddMessage<Greeting>().AddTopics());
        var server = new InMemoryServer(broker);
        var received = new TaskCompletionSource<string>();
        await using var client = Client(server, client => client.UseReconnect());
        await client.ConnectAsync().InTime();
        await using var subscription = await client.SubscribeAsync<Greeting>("words", (_, greeting, _) =>
        {
            received.TrySetResult(greeting.Word);
            return ValueTask.CompletedTask;
        }).InTime();
        server.IsDown = true;
        server.BreakConnections();
        await client.WaitForStateAsync(GhmsClientState.Waiting).InTime();
        server.IsDown = false;
        Time.Advance(TimeSpan.FromSeconds(30));
        await client.WaitForConnectedAsync().InTime();
        await broker.PublishAsync("words", new Greeting("hello"));
        Assert.That(await received.Task.InTime(), Is.EqualTo("hello"));
    }

    [Test]
    public async Task The_wait_for_a_state_ends_with_its_token()
    {
        await using var client = Client(new InMemoryServer(Greeter()));
        await client.WaitForStateAsync(GhmsClientState.Disconnected).InTime();
        using var source = new CancellationTokenSource();
        var waiting = client.WaitForStateAsync(GhmsClientState.Connected, source.Token);
        await source.CancelAsync();
        Assert.That(async () => await waiting.InTime(), Throws.InstanceOf<OperationCanceledException>());
    }

    private GhmsBroker Greeter() => Build(broker => broker.AddJson().AddMessage<Greeting>());

    private GhmsClient Client(InMemoryServer server, Action<GhmsClientBuilder>? configure = null)
    {
        var builder = new GhmsClientBuilder().AddJson().AddMessage<Greeting>().AddTopics()
            .UseConnectionFactory(server).UseTimeProvider(Time).ConnectTo(new Uri("http://anywhere/"));
        configure?.Invoke(builder);
        return builder.Build();
    }
}
