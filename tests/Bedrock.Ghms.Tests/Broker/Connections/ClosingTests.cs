using System.IO.Pipelines;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Connections;

/// <summary>The end of a whole broker.</summary>
internal sealed class ClosingTests : JoinFixture
{
    [Test]
    public async Task Closing_a_broker_tells_every_peer()
    {
        var broker = Make();
        var joined = await JoinManyAsync(broker, 3);
        var closed = broker.CloseAsync(reason: "retry-after=9;");
        foreach (var (_, peer) in joined)
        {
            Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(new CloseMessage(CloseStatus.GoingAway, "retry-after=9;")));
        }

        await closed.InTime();
        await broker.CloseAsync().InTime();
        await Task.WhenAll(joined.Select(one => one.Connection.Completion)).InTime();
        Assert.That(broker.Count, Is.Zero);
    }

    [Test]
    public async Task A_closed_broker_answers_upgrades_with_503_and_starts_with_the_closed_error()
    {
        var broker = Make();
        await broker.CloseAsync().InTime();
        var peer = new RawPeer(new InMemoryServer(broker).Connect());
        var head = await peer.UpgradeAsync();
        await peer.FinishAsync();
        Assert.That(head, Does.StartWith("HTTP/1.1 503 ").And.Contain("\r\nRetry-After: "));
        var (transport, server) = InMemoryConnection.CreatePair();
        Assert.That(async () => await broker.StartAsync(transport), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(transport.AbortReason, Is.Not.Null, "the transport belonged to the broker");
        await server.DisposeAsync();
    }

    [Test]
    public async Task Closing_gathers_the_error_of_every_connection_that_could_not_send()
    {
        var broker = Make();
        var options = new InMemoryOptions { PauseThreshold = 600, Scheduler = PipeScheduler.Inline };
        var stuck = new[] { await JoinAsync(broker, options: options), await JoinAsync(broker, options: options) };
        var free = await JoinAsync(broker);
        foreach (var one in stuck)
        {
            await one.Connection.SendAsync(new Greeting(new string('x', 2_000)));
            await one.Connection.SendAsync(new Greeting("never read"));
        }

        var closed = broker.CloseAsync();
        await free.Peer.ReadCloseAsync();
        await free.Connection.CloseAsync().InTime();
        Assert.That(closed.IsCompleted, Is.False, "two peers have not read");
        Assert.That(async () => await RunClockAsync(closed), Throws.TypeOf<AggregateException>()
            .With.Property(nameof(AggregateException.InnerExceptions)).Count.EqualTo(2)
            .And.Property(nameof(AggregateException.InnerExceptions)).All.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task Disposing_never_fails_and_waits_for_the_transports()
    {
        var broker = Make();
        var (connection, _) = await JoinAsync(broker, options: new InMemoryOptions { PauseThreshold = 600, Scheduler = PipeScheduler.Inline });
        await connection.SendAsync(new Greeting(new string('x', 2_000)));
        await RunClockAsync(broker.DisposeAsync().AsTask());
        Assert.That(connection.IsOpen, Is.False);
    }

    private GhmsBroker Make() => BuildJoined(builder => builder.AddJson().AddMessage<Greeting>());
}
