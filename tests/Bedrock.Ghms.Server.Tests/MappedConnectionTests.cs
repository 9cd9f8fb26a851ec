using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The life of a mapped connection: from its 101 to its place being free again.</summary>
internal sealed class MappedConnectionTests : ServerFixture
{
    [Test]
    public async Task A_peer_that_reads_its_101_is_one_of_the_brokers_connections()
    {
        var app = await StartMappedAsync(Echo);
        for (var i = 1; i <= 50; i++)
        {
            using var peer = await WirePeer.UpgradeAsync(PortOf(app));
            await BrokerOf(app).SendAsync(new Announcement { Word = "x" });
            Assert.That(await peer.ReadTextAsync(), Is.EqualTo((12u, """{"Word":"x"}""")));
        }
    }

    [Test]
    public async Task Bytes_behind_the_request_are_messages()
    {
        var app = await StartMappedAsync(Echo);
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(WirePeer.Request() + Encoding.Latin1.GetString(WirePeer.Frame(10, """{"Word":"early"}""")));
        Assert.That((await peer.ReadResponseAsync()).Status, Is.EqualTo(101));
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"early"}"""));
    }

    [Test]
    public async Task A_place_is_free_again_however_its_connection_ended()
    {
        HandlersFail = true;
        var app = await StartMappedAsync(Echo, options => options.MaxConnections = 1);
        Func<WirePeer, Task>[] ends =
        [
            peer => peer.SendAsync(WirePeer.Frame(0, [3, 232])),
            peer => peer.SendFrameAsync(99, ""),
            peer => peer.SendFrameAsync(13, """{"Word":"on purpose"}"""),
            peer => peer.SendAsync(new byte[] { 0, 0, 0, 10, 0 }),
            peer =>
            {
                peer.Reset();
                return Task.CompletedTask;
            },
        ];
        foreach (var end in ends)
        {
            var peer = await Retry.UpgradeAsync(PortOf(app));
            await peer.EchoAsync();
            await end(peer);
            peer.Dispose();
        }

        using var last = await Retry.UpgradeAsync(PortOf(app));
        await last.EchoAsync();
    }

    [Test]
    public async Task The_connection_ends_as_on_a_raw_listener()
    {
        var app = await StartMappedAsync(Echo);
        var ends = new List<ConnectionEnd>();
        foreach (var bytes in new[] { WirePeer.Frame(0, [3, 232]), WirePeer.Frame(99, []), [] })
        {
            using var peer = await WirePeer.UpgradeAsync(PortOf(app));
            var connection = BrokerOf(app).Connections[0];
            await peer.SendAsync(bytes);
            if (bytes.Length == 8)
            {
                Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1003));
            }
            else
            {
                peer.Finish();
                await peer.ReadFinAsync();
            }

            await connection.Completion.WaitAsync(Patience.Long);
            ends.Add(connection.End!);
        }

        Assert.That(
            ends.Select(end => end.Cause),
            Is.EqualTo(new[] { ConnectionEndCause.ClosedByPeer, ConnectionEndCause.ClosedHere, ConnectionEndCause.EndedByPeer }));
    }

    [Test]
    public async Task Every_connection_gets_what_was_accepted_and_then_Close_1001_when_the_host_stops()
    {
        const int Messages = 40;
        var app = await StartMappedAsync(TimelessEcho);
        var peers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096)));
        for (var i = 0; i < Messages; i++)
        {
            await BrokerOf(app).SendAsync(new Announcement { Word = new string('a', 20_000) });
        }

        var stopping = app.StopAsync();
        var read = await Task.WhenAll(peers.Select(peer => peer.ReadToCloseAsync()));
        await stopping.WaitAsync(Patience.Long);
        Assert.That(read, Is.All.EqualTo((Messages, 1001)));
        Array.ForEach(peers, peer => peer.Dispose());
    }

    [Test]
    public async Task The_host_lets_go_of_a_peer_that_does_not_read_after_ten_seconds()
    {
        var time = new FakeTimeProvider();
        var app = await StartAsync(
            services =>
            {
                services.AddSingleton<TimeProvider>(time);
                services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
                Echo(services.AddGhms(options =>
                {
                    options.Outbound.SoftLimit = 40_000_000;
                    options.Outbound.HardLimit = 50_000_000;
                }));
            },
            _ => { },
            app => app.MapGhms("/"));
        using var deaf = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var connection = BrokerOf(app).Connections[0];
        for (var i = 0; i < 320; i++)
        {
            // More than sockets buffer by themselves.
            await connection.SendAsync(new Announcement { Word = new string('a', 100_000) });
        }

        await AdvanceUntilAsync(time, app.StopAsync());
        Assert.That(connection.DroppedMessages, Is.Positive);
    }

    [Test]
    public async Task A_peer_that_is_lost_with_a_flush_pending_harms_nobody()
    {
        var app = await StartMappedAsync(Echo);
        using var other = await WirePeer.UpgradeAsync(PortOf(app));
        var deaf = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var connection = BrokerOf(app).Connections[1];
        while (connection.PendingBytes < 300_000)
        {
            // Sockets buffer much by themselves, and one flush has many pieces then.
            await connection.SendAsync(new Announcement { Word = new string('a', 20_000) });
            await Task.Yield();
        }

        deaf.Reset();
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.PendingBytes, Is.Zero);
        await other.EchoAsync();
    }

    [Test]
    public async Task An_aborted_request_is_a_lost_connection()
    {
        var context = new TaskCompletionSource<HttpContext>();
        var app = await StartMappedAsync(Echo, map: app =>
        {
            Capture(app, context);
            app.MapGhms("/");
        });
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var connection = BrokerOf(app).Connections[0];
        (await context.Task).Abort();
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.End!.Cause, Is.EqualTo(ConnectionEndCause.Lost));
    }

    [Test]
    public async Task The_hosts_own_limits_for_requests_are_lifted()
    {
        var context = new TaskCompletionSource<HttpContext>();
        var timeout = new Timeouts();
        var app = await StartMappedAsync(Echo, map: app =>
        {
            Capture(app, context);
            app.Use((context, next) =>
            {
                context.Features.Set<IHttpRequestTimeoutFeature>(timeout);
                return next(context);
            });
            app.MapGhms("/");
        });
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var features = (await context.Task).Features;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(new KestrelServerLimits().MinResponseDataRate, Is.Not.Null);
            Assert.That(features.GetRequiredFeature<IHttpMinResponseDataRateFeature>().MinDataRate, Is.Null);
            Assert.That(features.GetRequiredFeature<IHttpMinRequestBodyDataRateFeature>().MinDataRate, Is.Null);
            Assert.That(timeout.IsDisabled, Is.True);
        }
    }

    [Test]
    public async Task An_idle_connection_waits_for_bytes_without_a_buffer()
    {
        var watched = new WatchedUpgrade();
        var app = await StartMappedAsync(Echo, map: app =>
        {
            app.Use((context, next) =>
            {
                watched.Inner = context.Features.GetRequiredFeature<IHttpUpgradeFeature>();
                context.Features.Set<IHttpUpgradeFeature>(watched);
                return next(context);
            });
            app.MapGhms("/");
        });
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.EchoAsync();
        await watched.Idle.WaitAsync(Patience.Long);
        await peer.EchoAsync();
    }

    private static void Capture(WebApplication app, TaskCompletionSource<HttpContext> captured) => app.Use((context, next) =>
    {
        captured.TrySetResult(context);
        return next(context);
    });

    private sealed class Timeouts : IHttpRequestTimeoutFeature
    {
        public bool IsDisabled { get; private set; }

        public CancellationToken RequestTimeoutToken => default;

        public void DisableTimeout() => IsDisabled = true;
    }
}
