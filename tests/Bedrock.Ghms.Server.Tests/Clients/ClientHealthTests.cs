using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests.Clients;

internal sealed class ClientHealthTests : HostedClientFixture
{
    private readonly FakeTimeProvider _time = new();

    [Test]
    public async Task A_connected_client_is_healthy_and_tells_its_counts()
    {
        var app = await ServeAsync();
        var host = await StartHostAsync(services => Add(services, client => Speak(client, UriOf(app))));
        await ClientOf(host).WaitForConnectedAsync().WaitAsync(Patience.Long);
        var entry = await CheckAsync(host);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((entry.Status, entry.Description, entry.Data["state"]), Is.EqualTo((HealthStatus.Healthy, "The client is connected.", "Connected")));
            Assert.That(entry.Data.Keys, Is.SupersetOf(new[] { "waitingSends", "pendingBytes", "droppedMessages", "unhandledMessages" }));
        }
    }

    [Test]
    public async Task A_client_that_tries_to_connect_is_degraded_for_as_long_as_the_grace_lasts()
    {
        var host = await StartHostAsync(services => Add(services, client => Speak(client, UriOf(FreePort()))));
        ErrorsAreProvoked = true;
        await ClientOf(host).WaitForStateAsync(GhmsClientState.Waiting).WaitAsync(Patience.Long);
        var early = await CheckAsync(host);
        _time.Advance(TimeSpan.FromSeconds(10));
        await ClientOf(host).WaitForStateAsync(GhmsClientState.Waiting).WaitAsync(Patience.Long);
        var late = await CheckAsync(host);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(early.Status, Is.EqualTo(HealthStatus.Degraded));
            Assert.That(early.Description, Does.StartWith("The client has had no connection for 0 s and is trying to make one. ").And.Contain("refused"));
            Assert.That(late.Status, Is.EqualTo(HealthStatus.Unhealthy));
            Assert.That(late.Data["secondsWithoutConnection"], Is.EqualTo(10));
        }
    }

    [Test]
    public async Task The_grace_begins_anew_when_a_connection_is_lost()
    {
        var app = await ServeAsync();
        var host = await StartHostAsync(services => Add(services, client => Speak(client, UriOf(app))));
        await ClientOf(host).WaitForConnectedAsync().WaitAsync(Patience.Long);
        _time.Advance(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(9));
        await app.StopAsync().WaitAsync(Patience.Long);
        await ClientOf(host).WaitForStateAsync(GhmsClientState.Waiting).WaitAsync(Patience.Long);
        var entry = await CheckAsync(host);
        Assert.That((entry.Status, entry.Data["secondsWithoutConnection"]), Is.EqualTo((HealthStatus.Degraded, 0)));
    }

    [Test]
    public async Task A_client_that_has_given_up_or_is_closed_has_failed()
    {
        var host = await StartHostAsync(services => Add(services, client => Speak(client, UriOf(FreePort())).UseReconnect(options => options.MaxAttempts = 1)));
        await GaveUpAsync();
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Unhealthy));
        await ClientOf(host).CloseAsync();
        var entry = await CheckAsync(host);
        Assert.That(entry.Status, Is.EqualTo(HealthStatus.Unhealthy));
        Assert.That(entry.Description, Does.StartWith("The client is closed."));
    }

    [Test]
    public async Task A_client_that_nobody_has_started_yet_has_its_grace_too()
    {
        var host = BuildHost(services => Add(services, client => Speak(client, UriOf(1))));
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Degraded));
        _time.Advance(TimeSpan.FromSeconds(5));
        ErrorsAreProvoked = true;
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Unhealthy));
    }

    [Test]
    public void A_check_of_a_client_that_is_not_there_says_so()
    {
        var host = BuildHost(services => services.AddHealthChecks().AddGhmsClient("orders"));
        Assert.That(async () => await CheckAsync(host), Throws.InvalidOperationException.With.Message.Contains("AddGhmsClient(\"orders\")"));
    }

    private void Add(IServiceCollection services, Action<GhmsClientBuilder> configure)
    {
        services.AddSingleton<TimeProvider>(_time);
        services.AddGhmsClient("orders", configure);
        services.AddHealthChecks().AddGhmsClient("orders", grace: TimeSpan.FromSeconds(5));
    }

    private static GhmsClient ClientOf(IHost host) => host.Services.GetRequiredKeyedService<GhmsClient>("orders");

    private static async Task<HealthReportEntry> CheckAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["ghms-client-orders"];
}
