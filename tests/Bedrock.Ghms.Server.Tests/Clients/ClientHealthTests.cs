using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests.Clients;

internal sealed class ClientHealthTests : HostedClientFixture
{
    private readonly WatchedTime _time = new();

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
        var host = BuildHost(services => Add(services, client => Speak(client, UriOf(FreePort()))));
        ErrorsAreProvoked = true;

        // Told of it after the check has been, and not only in that state already.
        var waiting = ClientOf(host).WaitForStateAsync(GhmsClientState.Waiting);
        await host.StartAsync().WaitAsync(Patience.Long);
        await waiting.WaitAsync(Patience.Long);
        var early = await CheckAsync(host);
        _time.Advance(TimeSpan.FromSeconds(10));
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
        var waiting = ClientOf(host).WaitForStateAsync(GhmsClientState.Waiting);
        await app.StopAsync().WaitAsync(Patience.Long);
        await waiting.WaitAsync(Patience.Long);
        var entry = await CheckAsync(host);
        Assert.That((entry.Status, entry.Data["secondsWithoutConnection"]), Is.EqualTo((HealthStatus.Degraded, 0)));
    }

    [Test]
    public async Task A_connection_that_is_lost_while_a_check_looks_has_not_been_missing_since_it_was_made()
    {
        var app = await ServeAsync();
        var host = BuildHost(services => Add(services, client => Speak(client, UriOf(app))));
        var client = ClientOf(host);
        var connected = client.WaitForStateAsync(GhmsClientState.Connected);
        await host.StartAsync().WaitAsync(Patience.Long);
        await connected.WaitAsync(Patience.Long);
        _time.Advance(TimeSpan.FromSeconds(10));
        var registration = host.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Single();
        var check = registration.Factory(host.Services);
        var stopping = Task.CompletedTask;
        _time.OnLookHere(() =>
        {
            stopping = app.StopAsync();
            Assert.That(SpinWait.SpinUntil(() => client.State != GhmsClientState.Connected, Patience.Long), Is.True);
        });
        var result = await check.CheckHealthAsync(new HealthCheckContext { Registration = registration });
        Assert.That(client.State, Is.Not.EqualTo(GhmsClientState.Connected), "Nobody looked.");
        Assert.That(result.Status, Is.Not.EqualTo(HealthStatus.Unhealthy));
        await stopping.WaitAsync(Patience.Long);
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

    private sealed class WatchedTime : FakeTimeProvider
    {
        private (int Thread, Action Act)? _next;

        /// <summary>Does something when this thread looks next, before it has seen the time.</summary>
        public void OnLookHere(Action act) => _next = (Environment.CurrentManagedThreadId, act);

        public override long GetTimestamp()
        {
            if (_next is var (thread, act) && thread == Environment.CurrentManagedThreadId)
            {
                _next = null;
                act();
            }

            return base.GetTimestamp();
        }
    }
}
