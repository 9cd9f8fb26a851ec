using System.Security.Cryptography.X509Certificates;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Upgrade;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>TLS by Kestrel, under raw listeners and mapped endpoints.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class TlsTests(bool isMapped) : ServerFixture
{
    [Test]
    public async Task Messages_of_any_size_go_both_ways()
    {
        var app = await ServeAsync(_ => { });
        using var peer = await UpgradeAsync(app);
        await peer.EchoAsync();
        await peer.EchoAsync(new string('a', 900_000));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => BrokerOf(app).SendAsync(new Announcement { Word = "x" }).AsTask()));
        for (var i = 0; i < 100; i++)
        {
            Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(12));
        }
    }

    [Test]
    public async Task A_refusal_arrives_whole()
    {
        var app = await ServeAsync(builder => builder.Admit((_, _) => ValueTask.FromResult<UpgradeRefusal?>(UpgradeRefusal.For(UpgradeRejection.Forbidden))));
        using var peer = await WirePeer.ConnectAsync(PortOf(app), Certificates.TrustServer());
        await peer.SendAsync(WirePeer.Request());
        Assert.That((await peer.ReadResponseAsync()).Status, Is.EqualTo(403));
        await peer.ReadFinAsync();
    }

    [Test]
    public async Task A_Close_is_followed_by_the_end_at_once_and_the_place_is_free()
    {
        // The clock stands still: whatever waits for a deadline waits for ever.
        var app = await ServeAsync(
            builder => builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider()),
            options => options.MaxConnections = 1);
        for (var i = 0; i < 3; i++)
        {
            using var peer = await UpgradeAsync(app);
            await peer.SendFrameAsync(99, "");
            Assert.That(WirePeer.AsClose((await peer.ReadFrameAsync())!.Value), Is.EqualTo(1003));
            peer.Finish();
            await peer.ReadFinAsync();
        }
    }

    [Test]
    public async Task The_end_follows_a_Close_though_the_peer_says_nothing()
    {
        var time = new FakeTimeProvider();
        var app = await ServeAsync(builder => builder.Services.AddSingleton<TimeProvider>(time));
        using var peer = await UpgradeAsync(app);
        await peer.SendFrameAsync(99, "");
        Assert.That(WirePeer.AsClose((await peer.ReadFrameAsync())!.Value), Is.EqualTo(1003));
        var end = peer.ReadFinAsync();

        // A peer that stays silent has been given time for a last word long before it is given up, after ten seconds.
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromSeconds(9) && !end.IsCompleted; passed += TimeSpan.FromMilliseconds(50))
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(end, Task.Delay(TimeSpan.FromMilliseconds(200)));
        }

        Assert.That(end.IsCompletedSuccessfully);
    }

    [Test]
    public async Task A_peer_that_ends_its_side_is_answered_with_the_end()
    {
        var app = await ServeAsync(_ => { });
        using var peer = await UpgradeAsync(app);
        await peer.EchoAsync();
        var connection = BrokerOf(app).Connections[0];
        peer.Finish();
        await peer.ReadFinAsync();
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.End!.Cause, Is.EqualTo(ConnectionEndCause.EndedByPeer));
    }

    [Test]
    public async Task Peers_that_are_lost_at_any_time_harm_nobody()
    {
        var app = await ServeAsync(_ => { });
        using var other = await UpgradeAsync(app);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            var peer = await WirePeer.ConnectAsync(PortOf(app), Certificates.TrustServer());
            if (i % 3 > 0)
            {
                await peer.SendAsync(i % 3 == 1 ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : WirePeer.Request());
                if (i % 4 > 1)
                {
                    await peer.ReadHeadAsync();
                }
            }

            peer.Reset();
        }));
        await other.EchoAsync();
    }

    [Test]
    public async Task A_peer_that_is_lost_with_a_flush_pending_harms_nobody()
    {
        var app = await ServeAsync(_ => { });
        using var other = await UpgradeAsync(app);
        var deaf = await UpgradeAsync(app);
        var connection = BrokerOf(app).Connections[1];
        while (connection.PendingBytes < 500_000)
        {
            await connection.SendAsync(new Announcement { Word = new string('a', 20_000) });
            await Task.Yield();
        }

        deaf.Reset();
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.PendingBytes, Is.Zero);
        await other.EchoAsync();
    }

    [Test]
    public async Task Every_connection_gets_Close_1001_when_the_host_stops()
    {
        var app = await ServeAsync(_ => { });
        using var peer = await UpgradeAsync(app);
        var stopping = app.StopAsync();
        Assert.That((await peer.ReadToCloseAsync()).Status, Is.EqualTo(1001));
        await stopping.WaitAsync(Patience.Long);
    }

    [Test]
    public async Task The_certificate_of_the_client_is_seen_by_the_check_and_on_the_connection()
    {
        string? admitted = null;
        var app = await ServeAsync(builder => builder.Admit((request, _) =>
        {
            admitted = request.ClientCertificate?.Subject;
            return default;
        }));
        using var peer = await UpgradeAsync(app, Certificates.Client);
        var connection = BrokerOf(app).Connections[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(admitted, Is.EqualTo("CN=ann"));
            Assert.That(connection.ClientCertificate?.Thumbprint, Is.EqualTo(Certificates.Client.Thumbprint));
        }

        peer.Finish();
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.ClientCertificate, Is.Null);
    }

    [Test]
    public async Task A_client_without_a_certificate_has_none()
    {
        var app = await ServeAsync(_ => { });
        using var peer = await UpgradeAsync(app);
        Assert.That(BrokerOf(app).Connections[0].ClientCertificate, Is.Null);
    }

    private static async Task<WirePeer> UpgradeAsync(WebApplication app, X509Certificate2? shown = null)
    {
        using var late = new CancellationTokenSource(Patience.Long);
        while (true)
        {
            late.Token.ThrowIfCancellationRequested();
            var peer = await WirePeer.ConnectAsync(PortOf(app), Certificates.TrustServer(shown));
            await peer.SendAsync(WirePeer.Request(fields: "Accept: application/json\r\n"));
            var response = await peer.ReadResponseAsync();
            if (response.Status == 101)
            {
                return peer;
            }

            // The place of the one before is free a moment after it has seen the end.
            peer.Dispose();
            Assert.That(response.Status, Is.EqualTo(503));
        }
    }

    private Task<WebApplication> ServeAsync(Action<GhmsServerBuilder> configure, Action<GhmsBrokerOptions>? options = null)
    {
        return StartAsync(
            services =>
            {
                var builder = services.AddGhms(options);
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

        void Listen(ListenOptions listen)
        {
            listen.UseHttps(Certificates.Server, https =>
            {
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate();
            });
            if (!isMapped)
            {
                listen.UseConnectionHandler<GhmsHandler>();
            }
        }
    }
}
