using System.Diagnostics.Metrics;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>What the meter tells of clients, and of how they stay connected.</summary>
internal sealed class ClientMetricsTests : HostedClientFixture
{
    private readonly FakeTimeProvider _time = new();

    [Test]
    public async Task Attempts_are_counted_by_their_outcome_and_reconnections_beside_them()
    {
        var first = await ServeAsync();
        var second = await ServeAsync();
        var host = Build(client => client.ConnectTo(UriOf(FreePort()), UriOf(first), UriOf(second)));
        using var attempts = Collect(host, "ghms.client.attempts");
        using var reconnections = Collect(host, "ghms.client.reconnections");
        await host.StartAsync().WaitAsync(Patience.Long);
        var client = host.Services.GetRequiredKeyedService<GhmsClient>("orders");
        await client.WaitForConnectedAsync().WaitAsync(Patience.Long);
        Assert.That(Sums(attempts), Is.EquivalentTo(new Dictionary<string, long>
        {
            ["orders failed System.Net.Sockets.SocketException"] = 1,
            ["orders connected"] = 1,
        }));
        Assert.That(Sums(reconnections), Is.Empty);
        await first.StopAsync().WaitAsync(Patience.Long);
        await reconnections.WaitForMeasurementsAsync(1, Patience.Long);
        Assert.That(Sums(reconnections), Is.EquivalentTo(new Dictionary<string, long> { ["orders"] = 1 }));
        Assert.That(Sums(attempts)["orders connected"], Is.EqualTo(2));
    }

    [Test]
    public async Task A_refusal_is_told_from_other_failures()
    {
        var app = await StartAsync(services => Echo(services.AddGhms()), listen => listen.UseGhms(map => map.Broker("/elsewhere")));
        var host = Build(client => client.ConnectTo(UriOf(app)));
        using var attempts = Collect(host, "ghms.client.attempts");
        await host.StartAsync().WaitAsync(Patience.Long);
        await attempts.WaitForMeasurementsAsync(1, Patience.Long);
        Assert.That(Sums(attempts).Keys, Is.EqualTo(new[] { "orders refused Bedrock.Ghms.GhmsUpgradeException" }));
    }

    [Test]
    public async Task States_and_waiting_sends_are_told_when_somebody_asks()
    {
        var port = FreePort();
        var host = Build(client => client
            .ConnectTo(UriOf(port))
            .Configure(options => options.Timeout = TimeSpan.FromHours(1))
            .UseReconnect(options => (options.MaxWaitingSends, options.InitialDelay, options.MaxDelay) = (10, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1))));
        using var states = Collect(host, "ghms.clients");
        using var waiting = Collect(host, "ghms.client.sends.waiting");
        var client = host.Services.GetRequiredKeyedService<GhmsClient>("orders");
        Assert.That(Observe(states), Is.EquivalentTo(new Dictionary<string, long> { ["orders disconnected"] = 1 }));
        await host.StartAsync().WaitAsync(Patience.Long);
        await client.WaitForStateAsync(GhmsClientState.Waiting).WaitAsync(Patience.Long);
        var sending = client.SendAsync(new Message { Word = "x" }).AsTask();
        Assert.That(Observe(states), Is.EquivalentTo(new Dictionary<string, long> { ["orders waiting"] = 1 }));
        Assert.That(Observe(waiting).Values, Is.EqualTo(new[] { 1 }));
        await ServeAsync(port);

        // Once, for it waits for no longer: a clock that runs on ends the next attempt, and what waits, before they can get anywhere.
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await client.WaitForConnectedAsync().WaitAsync(Patience.Long);
        await sending.WaitAsync(Patience.Long);
        Assert.That(Observe(states), Is.EquivalentTo(new Dictionary<string, long> { ["orders connected"] = 1 }));
        Assert.That(Observe(waiting).Values, Is.EqualTo(new[] { 0 }));
        await client.CloseAsync().WaitAsync(Patience.Long);
        Assert.That(Observe(states), Is.Empty);
    }

    private IHost Build(Action<GhmsClientBuilder> configure) => BuildHost(services =>
    {
        services.AddSingleton<TimeProvider>(_time);
        services.AddGhmsClient("orders", client => configure(client.AddJson().AddMessage<Message>(code: 10)));
    });

    private static MetricCollector<long> Collect(IHost host, string instrument) =>
        new(host.Services.GetRequiredService<IMeterFactory>(), Ghms.TelemetryName, instrument);

    private static Dictionary<string, long> Sums(MetricCollector<long> collector) => collector.GetMeasurementSnapshot()
        .GroupBy(Key)
        .ToDictionary(same => same.Key, same => same.Sum(one => one.Value));

    private static Dictionary<string, long> Observe(MetricCollector<long> collector)
    {
        collector.Clear();
        collector.RecordObservableInstruments();
        return Sums(collector);
    }

    private static string Key(CollectedMeasurement<long> measurement) => string.Join(
        ' ',
        new[] { "ghms.broker.name", "ghms.client.state", "ghms.attempt.outcome", "error.type" }.Select(tag => measurement.Tags.GetValueOrDefault(tag)).OfType<string>());
}
