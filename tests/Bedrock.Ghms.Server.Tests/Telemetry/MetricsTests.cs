using System.Diagnostics.Metrics;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace Bedrock.Ghms.Server.Tests.Telemetry;

/// <summary>What the meter tells of real connections, on raw listeners and on mapped endpoints.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class MetricsTests(bool isMapped) : ServerFixture
{
    private const string Word = """{"Word":"twelve bytes"}""";

    [Test]
    public async Task Upgrades_are_counted_by_their_outcome()
    {
        var app = await ServeAsync(Echo, options => options.MaxConnections = 2);
        using var upgrades = Collect(app, "ghms.upgrades");
        using var first = await WirePeer.UpgradeAsync(PortOf(app));
        using var second = await WirePeer.UpgradeAsync(PortOf(app));
        await AskAsync(app, WirePeer.Request(fields: "Accept: text/plain\r\n"));
        await AskAsync(app, WirePeer.Request());
        await upgrades.WaitForMeasurementsAsync(4, Patience.Long);
        Assert.That(Sums(upgrades, "ghms.upgrade.outcome", "http.response.status_code", "ghms.broker.name"), Is.EquivalentTo(new Dictionary<string, long>
        {
            ["accepted 101 default"] = 2,
            ["refused 406 default"] = 1,
            ["refused 503 default"] = 1,
        }));
    }

    [Test]
    public async Task Open_connections_are_told_by_their_encoding()
    {
        var app = await ServeAsync(Echo);
        using var connections = Collect(app, "ghms.connections");
        using var one = await WirePeer.UpgradeAsync(PortOf(app));
        using var two = await WirePeer.UpgradeAsync(PortOf(app));
        using var packed = await WirePeer.UpgradeAsync(PortOf(app), "application/vnd.msgpack");
        Assert.That(Observe(connections, "ghms.encoding"), Is.EquivalentTo(new Dictionary<string, long>
        {
            ["application/json"] = 2,
            ["application/vnd.msgpack"] = 1,
        }));
        var gone = BrokerOf(app).Connections.Single(connection => connection.Encoding == "application/vnd.msgpack").Completion;
        packed.Finish();
        await packed.ReadFinAsync();
        await gone.WaitAsync(Patience.Long);
        Assert.That(Observe(connections, "ghms.encoding"), Is.EquivalentTo(new Dictionary<string, long> { ["application/json"] = 2 }));
    }

    [Test]
    public async Task Messages_and_bytes_are_counted_both_ways_and_outlive_their_connection()
    {
        var app = await ServeAsync(Echo);
        using var messages = Collect(app, "ghms.messages");
        using var bytes = Collect(app, "ghms.io");
        var peer = await WirePeer.UpgradeAsync(PortOf(app));
        for (var i = 0; i < 5; i++)
        {
            await peer.SendFrameAsync(10, Word);
            Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo(Word));
        }

        var done = BrokerOf(app).Connections[0].Completion;
        var frames = 5 * (8 + Word.Length);
        foreach (var isOver in new[] { false, true })
        {
            if (isOver)
            {
                peer.Finish();
                await peer.ReadFinAsync();
                await done.WaitAsync(Patience.Long);
            }

            using (Assert.EnterMultipleScope())
            {
                Assert.That(Observe(messages, "network.io.direction"), Is.EquivalentTo(new Dictionary<string, long> { ["transmit"] = 5, ["receive"] = 5 }));
                Assert.That(Observe(bytes, "network.io.direction"), Is.EquivalentTo(new Dictionary<string, long> { ["transmit"] = frames, ["receive"] = frames }));
            }
        }

        peer.Dispose();
    }

    [Test]
    public async Task A_message_that_arrives_in_pieces_counts_each_byte_once()
    {
        var app = await ServeAsync(Echo);
        using var bytes = Collect(app, "ghms.io");
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var frame = WirePeer.Frame(10, $$"""{"Word":"{{new string('x', 200_000)}}"}""");
        for (var sent = 0; sent < frame.Length; sent += 70_000)
        {
            await peer.SendAsync(frame.AsMemory(sent, Math.Min(70_000, frame.Length - sent)));
        }

        Assert.That((await peer.ReadFrameAsync())?.Payload, Has.Length.EqualTo(frame.Length - 8));
        Assert.That(Observe(bytes, "network.io.direction"), Is.EquivalentTo(new Dictionary<string, long> { ["transmit"] = frame.Length, ["receive"] = frame.Length }));
    }

    [Test]
    public async Task What_waits_for_a_reader_is_told()
    {
        var app = await ServeAsync(Echo, options => options.Outbound.SoftLimit = 8 << 20);
        using var pending = Collect(app, "ghms.outbound.pending");
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var connection = BrokerOf(app).Connections[0];
        Assert.That(Observe(pending, "ghms.broker.name")["default"], Is.Zero);
        using var late = new CancellationTokenSource(Patience.Long);
        while (Observe(pending, "ghms.broker.name")["default"] < 1 << 20)
        {
            // The transport's buffers take in what they can first.
            late.Token.ThrowIfCancellationRequested();
            while (connection.PendingBytes < 1 << 20)
            {
                await connection.SendAsync(new Announcement { Word = new string('x', 100_000) });
            }
        }
    }

    [Test]
    public async Task Handlers_are_measured_by_the_type_of_their_message()
    {
        HandlersFail = true;
        var app = await ServeAsync(Echo);
        using var durations = new MetricCollector<double>(MetersOf(app), Ghms.TelemetryName, "ghms.handler.duration");
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.EchoAsync();
        await peer.EchoAsync();
        await peer.SendFrameAsync(13, """{"Word":"on purpose"}""");
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1011));
        await durations.WaitForMeasurementsAsync(3, Patience.Long);
        var measured = durations.GetMeasurementSnapshot();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(measured.Select(one => one.Tags["ghms.message.type"]), Is.EqualTo(new[] { "Message", "Message", "Failure" }));
            Assert.That(measured.Select(one => one.Tags.GetValueOrDefault("error.type")), Is.EqualTo(new[] { null, null, "System.InvalidOperationException" }));
            Assert.That(measured.Select(one => one.Value), Is.All.InRange(0, Patience.Long.TotalSeconds));
        }
    }

    [Test]
    public async Task A_handler_that_waits_is_measured_to_its_end()
    {
        var started = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var app = await ServeAsync(builder => builder.AddJson().AddMessage<Message>(code: 10).Handle<Message>(async (_, _, _) =>
        {
            started.SetResult();
            await release.Task;
        }));
        using var durations = new MetricCollector<double>(MetersOf(app), Ghms.TelemetryName, "ghms.handler.duration");
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.SendFrameAsync(10, Word);
        await started.Task.WaitAsync(Patience.Long);
        Assert.That(durations.GetMeasurementSnapshot(), Is.Empty);
        release.SetResult();
        await durations.WaitForMeasurementsAsync(1, Patience.Long);
    }

    [Test]
    public async Task Handlers_of_requests_and_raw_messages_are_measured_too()
    {
        var app = await ServeAsync(builder => builder
            .AddJson()
            .AddMessage<Message>(code: 10)
            .Answer<Message, Message>((_, message, _) => ValueTask.FromResult(message))
            .HandleRaw((connection, message, ct) => ValueTask.CompletedTask));
        using var durations = new MetricCollector<double>(MetersOf(app), Ghms.TelemetryName, "ghms.handler.duration");
        await using var client = await new GhmsClientBuilder().AddJson().AddMessage<Message>(code: 10).AddMessage<Blob>(code: 11).AddRequests().ConnectAsync(UriOf(app));
        await client.RequestAsync<Message>(new Message { Word = "x" });
        await client.SendAsync(new Blob { Data = [1] });
        await durations.WaitForMeasurementsAsync(2, Patience.Long);
        Assert.That(durations.GetMeasurementSnapshot().Select(one => one.Tags["ghms.message.type"]), Is.EqualTo(new[] { "Message", "RawMessage" }));
    }

    [Test]
    public async Task Ends_are_counted_by_cause_and_status_and_a_peer_cannot_make_up_series()
    {
        var app = await ServeAsync(Echo);
        using var closes = Collect(app, "ghms.closes");
        foreach (var status in new byte[][] { [3, 232], [15, 1], [15, 2] })
        {
            using var peer = await WirePeer.UpgradeAsync(PortOf(app));
            await peer.SendAsync(WirePeer.Frame(0, status));
            peer.Finish();
            await peer.ReadFinAsync();
        }

        using var unknown = await WirePeer.UpgradeAsync(PortOf(app));
        await unknown.SendFrameAsync(99, "");
        await unknown.ReadCloseAsync();
        using var silent = await WirePeer.UpgradeAsync(PortOf(app));
        silent.Finish();
        await silent.ReadFinAsync();
        await closes.WaitForMeasurementsAsync(5, Patience.Long);
        Assert.That(Sums(closes, "ghms.close.cause", "ghms.close.status"), Is.EquivalentTo(new Dictionary<string, long>
        {
            ["closed_by_peer 1000"] = 1,
            ["closed_by_peer other"] = 2,
            ["closed_here 1003"] = 1,
            ["ended_by_peer none"] = 1,
        }));
    }

    [Test]
    public async Task What_reaches_nobody_is_counted_by_the_reason()
    {
        var app = await ServeAsync(
            builder => builder.AddJson().AddMessage<Message>(code: 10).AddMessage<Announcement>(code: 12),
            options =>
            {
                options.Outbound.SoftLimit = 200_000;
                options.Outbound.HardLimit = 1_300_000;
            });
        using var drops = Collect(app, "ghms.drops");
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.SendFrameAsync(10, Word);
        await drops.WaitForMeasurementsAsync(1, Patience.Long);

        // Nobody reads what is sent to this one; with company that does read, senders do not wait for it.
        using var lazy = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        using var company = await WirePeer.UpgradeAsync(PortOf(app));
        using var more = await WirePeer.UpgradeAsync(PortOf(app));
        var broker = BrokerOf(app);
        var reading = new[] { peer, company, more }.Select(async reader =>
        {
            while (await reader.ReadFrameAsync() is (not WirePeer.Close, _))
            {
            }
        }).ToList();
        while (broker.Count == 4)
        {
            await broker.SendAsync(new Announcement { Word = new string('x', 50_000) });
        }

        await drops.WaitForMeasurementsAsync(2, Patience.Long);
        var sums = Sums(drops, "ghms.drop.reason");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sums["unhandled"], Is.EqualTo(1));
            Assert.That(sums["slow_consumer"], Is.Positive.And.EqualTo(broker.GetStats().Dropped));
        }

        await app.StopAsync();
        await Task.WhenAll(reading).WaitAsync(Patience.Long);
    }

    [Test]
    public async Task A_client_without_a_container_has_a_meter_as_well()
    {
        var app = await ServeAsync(Echo);
        using var upgrades = new MetricCollector<long>(meterScope: null, Ghms.TelemetryName, "ghms.upgrades");
        using var messages = new MetricCollector<long>(meterScope: null, Ghms.TelemetryName, "ghms.messages");
        messages.RecordObservableInstruments();
        var before = Latest(messages, "ghms.broker.name", "network.io.direction").GetValueOrDefault("client transmit");
        await using (var client = await new GhmsClientBuilder().AddJson().AddMessage<Message>(code: 10).ConnectAsync(UriOf(app)))
        {
            await client.SendAsync(new Message { Word = "x" });
        }

        messages.RecordObservableInstruments();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Sums(upgrades, "ghms.broker.name", "ghms.upgrade.outcome"), Is.EquivalentTo(new Dictionary<string, long> { ["client accepted"] = 1 }));
            Assert.That(Latest(messages, "ghms.broker.name", "network.io.direction")["client transmit"], Is.EqualTo(before + 1));
        }
    }

    private Task<WebApplication> ServeAsync(Action<GhmsServerBuilder> configure, Action<GhmsBrokerOptions>? options = null) =>
        isMapped ? StartMappedAsync(configure, options) : StartAsync(configure, options);

    private static async Task AskAsync(WebApplication app, string request)
    {
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(Encoding.Latin1.GetBytes(request));
        await peer.ReadResponseAsync();
    }

    private static IMeterFactory MetersOf(WebApplication app) => app.Services.GetRequiredService<IMeterFactory>();

    private static MetricCollector<long> Collect(WebApplication app, string instrument) => new(MetersOf(app), Ghms.TelemetryName, instrument);

    private static Dictionary<string, long> Sums(MetricCollector<long> collector, params string[] tags) => collector.GetMeasurementSnapshot()
        .GroupBy(one => Key(one, tags))
        .ToDictionary(same => same.Key, same => same.Sum(one => one.Value));

    private static Dictionary<string, long> Observe(MetricCollector<long> collector, params string[] tags)
    {
        collector.Clear();
        collector.RecordObservableInstruments();
        return Latest(collector, tags);
    }

    private static Dictionary<string, long> Latest(MetricCollector<long> collector, params string[] tags) => collector.GetMeasurementSnapshot()
        .GroupBy(one => Key(one, tags))
        .ToDictionary(same => same.Key, same => same.Last().Value);

    private static string Key(CollectedMeasurement<long> measurement, string[] tags) => string.Join(' ', tags.Select(tag => measurement.Tags.GetValueOrDefault(tag)));
}
