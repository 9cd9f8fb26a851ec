using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Bedrock.Ghms.Server.Tests;

internal sealed class HealthTests : ServerFixture
{
    [Test]
    public async Task A_broker_with_room_is_healthy_and_tells_its_counts()
    {
        var app = await ServeAsync(_ => { });
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var entry = await CheckAsync(app);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(entry.Status, Is.EqualTo(HealthStatus.Healthy));
            Assert.That((entry.Data["connections"], entry.Data["placesTaken"], entry.Data["maxConnections"]), Is.EqualTo((1, 1, 100)));
            Assert.That(entry.Data.Keys, Is.SupersetOf(new[] { "pendingBytes", "connectionsOverSoftLimit", "droppedMessages", "unhandledMessages" }));
        }
    }

    [Test]
    public async Task A_broker_without_room_is_degraded()
    {
        var app = await ServeAsync(options => options.MaxConnections = 1);
        Assert.That((await CheckAsync(app)).Status, Is.EqualTo(HealthStatus.Healthy));
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var entry = await CheckAsync(app);
        Assert.That((entry.Status, entry.Description), Is.EqualTo((HealthStatus.Degraded, "There is no room for another connection.")));
    }

    [Test]
    public async Task A_broker_half_of_whose_peers_lag_is_degraded()
    {
        var app = await ServeAsync(options =>
        {
            options.Outbound.SoftLimit = 100_000;
            options.Outbound.HardLimit = 64 << 20;
        });
        using var lazy = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        using var other = await WirePeer.UpgradeAsync(PortOf(app));
        var connection = BrokerOf(app).Connections[0];
        using var late = new CancellationTokenSource(Patience.Long);
        var entry = await CheckAsync(app);
        for (; entry.Status != HealthStatus.Degraded; entry = await CheckAsync(app))
        {
            // The transport's buffers take in what they can first, and may do so again at any time.
            late.Token.ThrowIfCancellationRequested();
            while (connection.PendingBytes < 100_000)
            {
                await connection.SendAsync(new Announcement { Word = new string('x', 50_000) });
            }
        }

        Assert.That(entry.Data["connectionsOverSoftLimit"], Is.EqualTo(1));
        using var third = await WirePeer.UpgradeAsync(PortOf(app));
        Assert.That((await CheckAsync(app)).Status, Is.EqualTo(HealthStatus.Healthy), "one of three");
    }

    [Test]
    public async Task A_closed_broker_is_unhealthy()
    {
        ErrorsAreProvoked = true;
        var app = await ServeAsync(_ => { });
        await BrokerOf(app).CloseAsync();
        var entry = await CheckAsync(app);
        Assert.That((entry.Status, entry.Description), Is.EqualTo((HealthStatus.Unhealthy, "The broker is closed.")));
    }

    [Test]
    public async Task Each_broker_has_a_check_of_its_own()
    {
        var app = await StartAsync(
            services =>
            {
                Echo(services.AddGhms("orders"));
                Echo(services.AddGhms("stock"));
                services.AddHealthChecks().AddGhms("orders").AddGhms("stock", HealthStatus.Degraded);
            },
            listen => listen.UseGhms(map => map.Broker("/orders", "orders").Broker("/stock", "stock")));
        await app.Services.GetRequiredKeyedService<GhmsBroker>("stock").CloseAsync();
        var report = await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.That(
            report.Entries.Select(entry => (entry.Key, entry.Value.Status)),
            Is.EquivalentTo(new[] { ("ghms-orders", HealthStatus.Healthy), ("ghms-stock", HealthStatus.Degraded) }));
    }

    private Task<WebApplication> ServeAsync(Action<GhmsBrokerOptions> options) => StartAsync(
        services =>
        {
            Echo(services.AddGhms(options));
            services.AddHealthChecks().AddGhms();
        },
        listen => listen.UseConnectionHandler<GhmsHandler>());

    private static async Task<HealthReportEntry> CheckAsync(WebApplication app)
    {
        var report = await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return report.Entries["ghms"];
    }
}
