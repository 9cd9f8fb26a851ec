using System.Diagnostics.Metrics;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace Bedrock.Ghms.Server.Tests.Telemetry;

/// <summary>The reasons of <c>ghms.drops</c> that no real socket is needed for.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DropMetricsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MetricCollector<long> _drops;

    public DropMetricsTests() =>
        _drops = new MetricCollector<long>(_services.GetRequiredService<IMeterFactory>(), Ghms.TelemetryName, "ghms.drops");

    public void Dispose()
    {
        _drops.Dispose();
        _services.Dispose();
    }

    [Test]
    public async Task What_may_be_dropped_where_a_reader_is_too_slow()
    {
        await using var broker = Build(builder => builder.DropNewest<Message>().Configure(options => options.Outbound.SoftLimit = 300));
        await using var stalled = await StallAsync(broker);
        var connection = broker.Connections[0];
        for (var i = 0; i < 10; i++)
        {
            await connection.SendAsync(Word());
        }

        Assert.That(connection.DroppedMessages, Is.Positive);
        AssertDrops("overflow", connection.DroppedMessages);
        stalled.Abort();
    }

    [Test]
    public async Task What_waited_when_its_connection_ended()
    {
        await using var broker = Build(_ => { });
        await using var stalled = await StallAsync(broker);
        var connection = broker.Connections[0];
        for (var i = 0; i < 10; i++)
        {
            await connection.SendAsync(Word());
        }

        stalled.Abort();
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.DroppedMessages, Is.Positive);
        AssertDrops("connection_ended", connection.DroppedMessages);
    }

    [Test]
    public async Task A_publication_that_its_sender_may_not_publish()
    {
        await using var broker = Build(builder => builder.AddTopics(options => options.CanPublish = (_, _, _) => new ValueTask<bool>(false)));
        await using var client = await ConnectAsync(broker);
        await client.PublishAsync("a", Word());
        await client.PublishAsync("b", Word());
        await AssertDropsAsync("publication_denied", 2);
    }

    [Test]
    public async Task A_publication_that_is_too_big_for_a_subscriber()
    {
        await using var broker = Build(builder => builder.AddTopics());
        await using var client = await ConnectAsync(broker, builder => builder.Configure(options => options.MaxMessageSize = 40));
        await using var subscription = await client.SubscribeAsync<Message>("a", (_, _, _) => ValueTask.CompletedTask);
        await Assert.ThatAsync(async () => await broker.PublishAsync("a", Word()), Throws.InstanceOf<GhmsMessageTooLargeException>());
        await AssertDropsAsync("publication_undelivered", 1);
    }

    [Test]
    public async Task A_publication_that_a_subscriber_cannot_decode()
    {
        await using var broker = Build(builder => builder.AddMessage<Announcement>(code: 12).AddTopics());
        await using var client = await ConnectAsync(broker);
        await using var subscription = await client.SubscribeAsync<Message>("a", (_, _, _) => ValueTask.CompletedTask);
        await broker.PublishAsync("a", new Announcement { Word = "unknown to the client" });
        await AssertDropsAsync("publication_undecodable", 1);
    }

    [Test]
    public async Task A_publication_for_which_an_enumeration_has_no_room()
    {
        await using var broker = Build(builder => builder.AddTopics(options => options.Retains = _ => true));
        await using var client = await ConnectAsync(broker);
        await broker.PublishAsync("a", Word());
        await using var messages = client.ReadAsync<Message>("a", TopicOverflow.DropNewest, capacity: 1).GetAsyncEnumerator();
        Assert.That(await messages.MoveNextAsync().AsTask().WaitAsync(Patience.Long), Is.True);
        for (var i = 0; i < 5; i++)
        {
            await broker.PublishAsync("a", Word());
        }

        await AssertDropsAsync("publication_overflowed", 4);
    }

    private static Message Word() => new() { Word = new string('x', 100) };

    private GhmsBroker Build(Action<GhmsTestBuilder> configure)
    {
        var builder = new GhmsTestBuilder().AddJson().AddMessage<Message>(code: 10);
        configure(builder);
        return builder.Build(_services);
    }

    private Task<GhmsClient> ConnectAsync(GhmsBroker broker, Action<GhmsClientBuilder>? configure = null)
    {
        var builder = new GhmsClientBuilder().AddJson().AddMessage<Message>(code: 10).AddTopics();
        configure?.Invoke(builder);
        return builder.UseServices(_services).UseConnectionFactory(new InMemoryServer(broker)).ConnectAsync(new Uri("http://localhost/"));
    }

    // Upgrades and then reads no more; the transport takes in one message.
    private static async Task<InMemoryConnection> StallAsync(GhmsBroker broker)
    {
        var peer = new InMemoryServer(broker, new InMemoryOptions { PauseThreshold = 1 }).Connect();
        await peer.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes(WirePeer.Request()));
        var response = await peer.Transport.Input.ReadAsync().AsTask().WaitAsync(Patience.Long);
        Assert.That(Encoding.ASCII.GetString(response.Buffer), Does.StartWith("HTTP/1.1 101 ").And.EndsWith("\r\n\r\n"));
        peer.Transport.Input.AdvanceTo(response.Buffer.End);
        return peer;
    }

    private async Task AssertDropsAsync(string reason, long count)
    {
        await _drops.WaitForMeasurementsAsync((int)count, Patience.Long);
        AssertDrops(reason, count);
    }

    private void AssertDrops(string reason, long count)
    {
        var drops = _drops.GetMeasurementSnapshot();
        Assert.That(drops.Select(one => one.Tags["ghms.drop.reason"]), Is.All.EqualTo(reason));
        Assert.That(drops.Sum(one => one.Value), Is.EqualTo(count));
    }
}
