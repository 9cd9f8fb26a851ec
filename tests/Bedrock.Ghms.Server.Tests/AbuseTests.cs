using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>Peers that do what they should not. Whatever they do, others are served and nothing is left behind.</summary>
internal sealed class AbuseTests : ServerFixture
{
    [Test]
    public async Task Random_bytes_instead_of_a_request_are_refused([Values(0, 1, 2)] int seed)
    {
        var app = await StartAsync(Echo);
        using var other = await WirePeer.UpgradeAsync(PortOf(app));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            var bytes = new byte[1 + ((i * 211) % 9_000)];
            new Random((seed * 50) + i).NextBytes(bytes);
            using var peer = await WirePeer.ConnectAsync(PortOf(app));
            await peer.SendAsync(bytes);
            peer.Finish();
            var response = await peer.ReadResponseAsync();
            if (response.Status is not (400 or 414))
            {
                throw new InvalidDataException($"Case {i}: {response.Status}.");
            }

            await peer.ReadFinAsync();
        }));
        await other.EchoAsync();
    }

    [Test]
    public async Task Random_bytes_instead_of_messages_end_their_connection_with_a_Close([Values(0, 1, 2)] int seed)
    {
        var app = await StartAsync(Echo);
        using var other = await WirePeer.UpgradeAsync(PortOf(app));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            var bytes = new byte[9 + (i * 101)];
            new Random((seed * 50) + i).NextBytes(bytes);
            bytes[0] |= 0x10; // No code of the application's, nor Close, nor Heartbeat.
            using var peer = await WirePeer.UpgradeAsync(PortOf(app));
            await peer.SendAsync(bytes);
            var status = await peer.ReadCloseAsync();
            if (status is not (1003 or 1009))
            {
                throw new InvalidDataException($"Case {i}: {status}.");
            }
        }));
        await other.EchoAsync();
    }

    [Test]
    public async Task A_TLS_hello_is_refused_at_once()
    {
        var app = await StartAsync(Echo);
        using var other = await WirePeer.UpgradeAsync(PortOf(app));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, PortOf(app));
        await using var tls = new SslStream(client.GetStream());
        Assert.That(
            async () => await tls.AuthenticateAsClientAsync("localhost").WaitAsync(Patience.Long),
            Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
        await other.EchoAsync();
    }

    [Test]
    public async Task A_thousand_connections_that_say_nothing_leave_others_alone()
    {
        var app = await StartAsync(Echo);
        using var other = await WirePeer.UpgradeAsync(PortOf(app));
        var silent = new List<WirePeer>();
        for (var i = 0; i < 1_000; i++)
        {
            silent.Add(await WirePeer.ConnectAsync(PortOf(app)));
        }

        await other.EchoAsync();
        silent.ForEach(peer => peer.Dispose());
        using var late = await LetInAsync(app);
        await late.EchoAsync();
    }

    [Test]
    public async Task Resets_at_every_stage_leave_nothing_behind()
    {
        var app = await StartAsync(Echo, options => options.MaxConnections = 40);
        using var other = await WirePeer.UpgradeAsync(PortOf(app));
        var frame = WirePeer.Frame(10, """{"Word":"never whole"}""");
        var request = WirePeer.Request();
        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
            {
                using var peer = await WirePeer.ConnectAsync(PortOf(app));
                await peer.SendAsync(request[..(i % 2 == 0 ? request.Length : i + 1)]);
                if (i % 4 == 0)
                {
                    await peer.ReadResponseAsync();
                }

                if (i % 2 == 0)
                {
                    await peer.SendAsync(frame.AsMemory(0, (i % frame.Length) + 1));
                }

                peer.Reset();
            }));
            await other.EchoAsync();
        }

        // All slots but one are free again.
        var peers = await Task.WhenAll(Enumerable.Range(0, 39).Select(_ => Retry.UpgradeAsync(PortOf(app))));
        await Task.WhenAll(peers.Select(peer => peer.EchoAsync()));
        Array.ForEach(peers, peer => peer.Dispose());
    }

    [Test]
    public async Task A_broadcast_that_waits_goes_on_as_soon_as_a_majority_has_room_whoever_that_is()
    {
        var app = await StartAsync(Echo, options =>
        {
            options.Timeout = TimeSpan.FromHours(1);
            options.Outbound.SoftLimitTime = TimeSpan.FromHours(1);
        });
        var broker = BrokerOf(app);
        using var deaf = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var first = broker.Connections.Single();
        await FillAsync(first, 20_000);
        using var late = await WirePeer.UpgradeAsync(PortOf(app));
        await FillAsync(broker.Connections.Single(connection => connection != first), 900_000);
        using var idle = await WirePeer.UpgradeAsync(PortOf(app));

        // Two of three have no room. The one with less to do never reads; the other one begins to.
        var sending = broker.SendAsync(new Announcement { Word = "at last" }).AsTask();
        while (await late.ReadTextAsync() is not (_, """{"Word":"at last"}"""))
        {
        }

        Assert.That(await sending.WaitAsync(Patience.Long), Is.EqualTo(3));
        Assert.That(await idle.ReadTextAsync(), Is.EqualTo((12u, """{"Word":"at last"}""")));
    }

    [Test]
    public async Task A_peer_that_ends_its_side_and_reads_no_more_is_let_go_although_its_transport_never_drains()
    {
        var time = new FakeTimeProvider();
        var app = await StartAsync(
            services =>
            {
                services.AddSingleton<TimeProvider>(time);
                services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
                Echo(services.AddGhms());
            },
            listen => listen.UseConnectionHandler<GhmsHandler>());
        using var deaf = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var connection = BrokerOf(app).Connections.Single();
        var unread = await FillAsync(connection, 20_000);

        // Now the sockets are full. The broker's part is read until it has handed over all it had, the transport's is not.
        for (; connection.PendingBytes > 0 && unread > 0; unread--)
        {
            await deaf.ReadTextAsync();
        }

        deaf.Finish();
        await connection.Completion.WaitAsync(Patience.Long);

        // The host waits for its transports, for ever if need be.
        var stopping = app.StopAsync();
        await AdvanceUntilAsync(time, stopping);
    }

    [Test]
    public async Task A_socket_is_closed_in_time_although_the_end_of_its_peer_is_told_after_the_last_word()
    {
        var time = new FakeTimeProvider();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(time);
        Echo(services.AddGhms());
        await using var provider = services.BuildServiceProvider();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var told = new CancellationTokenSource();
        var (peer, transport) = InMemoryConnection.CreatePair();
        transport.ConnectionClosed = told.Token;
        transport.Features.Set<IConnectionSocketFeature>(new Sending(socket));
        var running = new UpgradeEndpoint(provider.GetRequiredService<GhmsBroker>()).RunAsync(transport);
        await peer.Transport.Output.WriteAsync(Encoding.Latin1.GetBytes(WirePeer.Request()));
        await peer.Transport.Output.CompleteAsync();
        await peer.Transport.Input.CopyToAsync(Stream.Null).WaitAsync(Patience.Long);
        await told.CancelAsync();
        await running.WaitAsync(Patience.Long);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.That(socket.SafeHandle.IsClosed, Is.False);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(socket.SafeHandle.IsClosed, Is.True);
    }

    /// <summary>Sends until the sockets take no more and the soft limit is reached, as far as can be told: where the server is held up, it may not be so yet.</summary>
    /// <returns>How many messages were sent.</returns>
    private static async Task<int> FillAsync(GhmsConnection connection, int size)
    {
        var message = new Announcement { Word = new string('a', size) };
        for (var sent = 0; ; sent++)
        {
            try
            {
                using var stuck = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
                await connection.SendAsync(message, stuck.Token);
            }
            catch (OperationCanceledException)
            {
                // There was no room for half a second.
                return sent;
            }
        }
    }

    // While the silent ones are leaving, a newcomer may still find too many unfinished upgrades.
    private static async Task<WirePeer> LetInAsync(WebApplication app)
    {
        using var patience = new CancellationTokenSource(Patience.Long);
        while (true)
        {
            try
            {
                return await WirePeer.UpgradeAsync(PortOf(app));
            }
            catch (Exception exception) when (exception is InvalidDataException or SocketException && !patience.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }

    private sealed class Sending(Socket socket) : IConnectionSocketFeature
    {
        public Socket Socket => socket;
    }
}
