using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>Stopping the host ends every connection in good order, and always ends itself.</summary>
internal sealed class GracefulStopTests : ServerFixture
{
    [Test]
    public async Task Every_connection_gets_what_was_accepted_and_then_Close_1001()
    {
        const int Messages = 40;
        var app = await StartAsync(TimelessEcho);
        var peers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096)));
        for (var i = 0; i < Messages; i++)
        {
            // More than sockets buffer, less than a consumer may leave waiting: the rest is sent while the server stops.
            await BrokerOf(app).SendAsync(new Announcement { Word = new string('a', 20_000) });
        }

        var stopping = app.StopAsync();
        var read = await Task.WhenAll(peers.Select(peer => peer.ReadToCloseAsync()));
        await stopping.WaitAsync(Patience.Long);
        Assert.That(read, Is.All.EqualTo((Messages, 1001)));
        Array.ForEach(peers, peer => peer.Dispose());
    }

    [Test]
    public async Task The_host_does_not_wait_for_a_peer_that_never_answers_its_Close()
    {
        var app = await StartAsync(Echo);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await app.StopAsync().WaitAsync(Patience.Long);
        Assert.That(WirePeer.AsClose((await peer.ReadFrameAsync())!.Value), Is.EqualTo(1001));
        await peer.ReadFinAsync();
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
            listen => listen.UseConnectionHandler<GhmsHandler>());
        using var reader = await WirePeer.UpgradeAsync(PortOf(app));
        using var deaf = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var broker = BrokerOf(app);
        var connection = broker.Connections[1];

        // More than sockets buffer by themselves.
        for (var i = 0; i < 320; i++)
        {
            await connection.SendAsync(new Announcement { Word = new string('a', 100_000) });
        }

        var stopping = app.StopAsync();
        Assert.That(await reader.ReadCloseAsync(), Is.EqualTo(1001));
        await AdvanceUntilAsync(time, stopping);
        Assert.That(connection.DroppedMessages, Is.Positive);
    }

    [Test]
    public async Task Peers_hear_when_to_come_back_wherever_they_came_in()
    {
        var app = await StartAsync(
            services => Echo(services.AddGhms(options => options.RetryAfter = TimeSpan.FromSeconds(7.2))),
            listen => listen.UseConnectionHandler<GhmsHandler>());
        var ended = new TaskCompletionSource<GhmsConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = await new GhmsClientBuilder()
            .AddJson()
            .OnDisconnected(connection =>
            {
                ended.SetResult(connection);
                return ValueTask.CompletedTask;
            })
            .ConnectAsync(new Uri($"http://127.0.0.1:{PortOf(app)}/"));
        using var late = await WirePeer.ConnectAsync(PortOf(app));
        await late.SendAsync("GET / HTTP/1.1\r\n");
        await BrokerOf(app).CloseAsync();
        await late.SendAsync(WirePeer.Request()["GET / HTTP/1.1\r\n".Length..]);
        var refusal = await late.ReadResponseAsync();
        Assert.That((refusal.Status, refusal["Retry-After"]), Is.EqualTo((503, "8")));
        var end = (await ended.Task.WaitAsync(Patience.Long)).End!;
        Assert.That((end.Status, end.Reason, end.RetryAfter), Is.EqualTo((CloseStatus.GoingAway, "retry-after=8;", TimeSpan.FromSeconds(8))));
    }

    [Test]
    public async Task The_hint_comes_with_the_stop_of_the_host_as_well()
    {
        var app = await StartAsync(
            services => Echo(services.AddGhms(options => options.RetryAfter = TimeSpan.Zero)),
            listen => listen.UseConnectionHandler<GhmsHandler>());
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var stopping = app.StopAsync();
        var close = await peer.ReadFrameAsync();
        peer.Finish();
        await stopping.WaitAsync(Patience.Long);
        Assert.That(Encoding.UTF8.GetString(close!.Value.Payload.AsSpan(2)), Is.EqualTo("retry-after=0;"));
    }

    [Test]
    public async Task Who_waits_to_be_let_in_hears_it_as_well([Values] bool isMapped)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var app = await StartAsync(
            services => Echo(services.AddGhms(options => options.RetryAfter = TimeSpan.FromSeconds(7.2)).Admit(async (_, ct) =>
            {
                asked.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, ct);
                return null;
            })),
            listen =>
            {
                if (!isMapped)
                {
                    listen.UseConnectionHandler<GhmsHandler>();
                }
            },
            app => app.MapGhms("/"));
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(WirePeer.Request());
        await asked.Task.WaitAsync(Patience.Long);
        var stopping = app.StopAsync();
        var refusal = await peer.ReadResponseAsync();
        peer.Finish();
        await stopping.WaitAsync(Patience.Long);
        Assert.That((refusal.Status, refusal["Retry-After"]), Is.EqualTo((503, "8")));
    }

    [Test]
    public async Task Nothing_that_a_flush_covered_is_lost_while_the_peer_reads()
    {
        const int Messages = 30;
        var app = await StartAsync(Echo);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var reading = peer.ReadToCloseAsync();
        for (var i = 0; i < Messages; i++)
        {
            await BrokerOf(app).SendAsync(new Announcement { Word = new string('a', 100_000) });
        }

        await BrokerOf(app).FlushAsync();
        await app.StopAsync().WaitAsync(Patience.Long);
        Assert.That(await reading, Is.EqualTo((Messages, 1001)));
    }

    [Test]
    public async Task A_handler_in_progress_finishes_before_the_host_has_stopped()
    {
        var entered = new TaskCompletionSource();
        var leave = new TaskCompletionSource();
        var finished = false;
        var app = await StartAsync(builder => builder
            .AddJson()
            .AddMessage<Message>(code: 10)
            .Handle<Message>(async (_, _, ct) =>
            {
                entered.SetResult();
                await leave.Task;

                // The work that is left to do.
                await Task.Delay(TimeSpan.FromMilliseconds(300), CancellationToken.None);
                finished = ct.IsCancellationRequested;
            }));
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.SendFrameAsync(10, """{"Word":"x"}""");
        await entered.Task.WaitAsync(Patience.Long);

        var stopping = app.StopAsync();
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1001));
        leave.SetResult();
        await stopping.WaitAsync(Patience.Long);
        Assert.That(finished, Is.True);
    }

    [Test]
    public async Task A_handler_that_never_finishes_does_not_keep_the_host_beyond_its_time()
    {
        var entered = new TaskCompletionSource();
        var leave = new TaskCompletionSource();
        var app = await StartAsync(builder => builder
            .AddJson()
            .AddMessage<Message>(code: 10)
            .Handle<Message>(async (_, _, _) =>
            {
                entered.SetResult();
                await leave.Task;
            }));
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.SendFrameAsync(10, """{"Word":"x"}""");
        await entered.Task.WaitAsync(Patience.Long);

        // The host's time is up when the peer has had its Close.
        using var time = new CancellationTokenSource();
        var stopping = app.StopAsync(time.Token);
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1001));
        Assert.That(stopping.IsCompleted, Is.False);
        await time.CancelAsync();
        Assert.That(async () => await stopping.WaitAsync(Patience.Long), Throws.Nothing);
        leave.SetResult();
    }

    [Test]
    public async Task An_unfinished_upgrade_gets_503_with_the_hint_of_the_first_broker_and_one_that_has_not_begun_is_just_closed()
    {
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var app = await StartAsync(
            services =>
            {
                Echo(services.AddGhms("orders", options => options.RetryAfter = TimeSpan.FromSeconds(7.2)));
                Echo(services.AddGhms("stock", options => options.RetryAfter = TimeSpan.FromSeconds(9)));
            },
            listen =>
            {
                listen.Use(next => connection => read.Task.IsCompleted ? next(connection) : ReadFirstAsync(connection, next));
                listen.UseGhms(map => map.Broker("/", "orders").Broker("/stock", "stock"));
            });
        using var half = await WirePeer.ConnectAsync(PortOf(app));
        await half.SendAsync("GET / HTTP/1.1\r\n");
        await read.Task.WaitAsync(Patience.Long);
        using var mute = await WirePeer.ConnectAsync(PortOf(app));

        // Connections are accepted in order, so the one above is known to the server once this one is.
        using var marker = await WirePeer.UpgradeAsync(PortOf(app));
        var stopping = app.StopAsync();
        var refusal = await half.ReadResponseAsync();
        half.Finish();
        await half.ReadFinAsync();
        Assert.That(await mute.ReadHeadAsync(), Is.Null);
        Assert.That(await marker.ReadCloseAsync(), Is.EqualTo(1001));
        await stopping.WaitAsync(Patience.Long);
        Assert.That((refusal.Status, refusal["Retry-After"]), Is.EqualTo((503, "8")));

        // What was accepted first may be read last, and of whom nothing has been read when the server stops has not begun.
        async Task ReadFirstAsync(ConnectionContext connection, ConnectionDelegate next)
        {
            var first = await connection.Transport.Input.ReadAsync();
            connection.Transport.Input.AdvanceTo(first.Buffer.Start);
            var serving = next(connection);
            read.SetResult();
            await serving;
        }
    }
}
