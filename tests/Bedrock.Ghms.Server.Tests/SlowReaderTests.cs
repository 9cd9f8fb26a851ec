using System.Text.Json;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>One who does not read among those who do, over every kind of connection.</summary>
/// <remarks>The clock stands still, so that it is the limits alone that decide, and a connection that ends waits for its peer to read.</remarks>
[TestFixture(false, false)]
[TestFixture(false, true)]
[TestFixture(true, false)]
[TestFixture(true, true)]
internal sealed class SlowReaderTests(bool isMapped, bool isTls) : ServerFixture
{
    private const int Messages = 300;
    private const int Size = 60_000;

    [Test]
    public async Task A_slow_reader_is_closed_with_1008_and_delays_nobody()
    {
        var app = await ServeAsync(_ => { }, options => options.Outbound.HardLimit = 2_000_000);
        using var slow = await UpgradeAsync(app, receiveBuffer: 65_536);
        var ended = BrokerOf(app).Connections.Single();
        await PublishAsync(app);
        Assert.That((int?)ended.End?.Status, Is.EqualTo(1008));
        Assert.That(ended.DroppedMessages, Is.Positive);

        // What was on its way is followed by the Close, should it read after all.
        var read = await slow.ReadToCloseAsync();
        Assert.That(read.Status, Is.EqualTo(1008));
        Assert.That(read.Messages + ended.DroppedMessages, Is.LessThanOrEqualTo(Messages));
    }

    [Test]
    public async Task A_slow_reader_stays_and_misses_the_oldest_where_the_type_says_so()
    {
        var app = await ServeAsync(builder => builder.DropOldest<Announcement>(), options => options.Outbound.SoftLimit = 500_000);
        using var slow = await UpgradeAsync(app, receiveBuffer: 65_536);
        var connection = BrokerOf(app).Connections.Single();
        await PublishAsync(app);
        Assert.That(connection.IsOpen, Is.True);
        Assert.That(connection.DroppedMessages, Is.Positive);
        var numbers = new List<int>();
        do
        {
            numbers.Add(NumberOf((await slow.ReadTextAsync()).Text));
        }
        while (numbers[^1] < Messages - 1);
        Assert.That(numbers, Is.Ordered);
        Assert.That(numbers, Has.Count.EqualTo(Messages - connection.DroppedMessages));
    }

    // In step with three who read, so that on a busy machine none of them falls behind as well.
    private async Task PublishAsync(WebApplication app)
    {
        var readers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => UpgradeAsync(app)));
        for (var i = 0; i < Messages; i++)
        {
            await BrokerOf(app).SendAsync(new Announcement { Word = $"{i} ".PadRight(Size, '.') }).AsTask().WaitAsync(Patience.Long);
            foreach (var (code, text) in await Task.WhenAll(readers.Select(reader => reader.ReadTextAsync())))
            {
                Assert.That((code, NumberOf(text)), Is.EqualTo((12u, i)));
            }
        }

        await Task.WhenAll(readers.Select(reader => reader.EchoAsync()));
        Array.ForEach(readers, reader => reader.Dispose());
    }

    private static int NumberOf(string json) =>
        int.Parse(JsonDocument.Parse(json).RootElement.GetProperty("Word").GetString()!.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);

    private async Task<WirePeer> UpgradeAsync(WebApplication app, int? receiveBuffer = null)
    {
        var peer = isTls
            ? await WirePeer.ConnectAsync(PortOf(app), Certificates.TrustServer(), receiveBuffer)
            : await WirePeer.ConnectAsync(PortOf(app), receiveBuffer);
        await peer.UpgradeAsync("application/json");
        return peer;
    }

    private Task<WebApplication> ServeAsync(Action<GhmsServerBuilder> configure, Action<GhmsBrokerOptions> options) => StartAsync(
        services =>
        {
            var builder = services.AddSingleton<TimeProvider>(new FakeTimeProvider()).AddGhms(options);
            Echo(builder);
            configure(builder);
        },
        Listen,
        app =>
        {
            if (isMapped)
            {
                app.MapGhms("/");
            }
        });

    private void Listen(ListenOptions listen)
    {
        if (isTls)
        {
            listen.UseHttps(Certificates.Server);
        }

        if (!isMapped)
        {
            listen.UseConnectionHandler<GhmsHandler>();
        }
    }
}
