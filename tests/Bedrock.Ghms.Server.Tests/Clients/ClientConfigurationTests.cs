using System.Reflection;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>Clients from the application's configuration, and mistakes in it that keep the host from starting.</summary>
internal sealed class ClientConfigurationTests : HostedClientFixture
{
    [Test]
    public async Task A_client_finds_its_servers_in_the_section_of_its_name_beside_those_of_brokers()
    {
        var app = await ServeAsync();
        var json = $$"""{ "Ghms": { "MaxConnections": 9, "Client": { "Servers": "{{UriOf(app)}}" }, "Clients": { "Orders": { "Servers": [ "http://127.0.0.1:{{FreePort()}}/", "{{UriOf(app)}}" ] } } } }""";
        var host = await StartHostAsync(services =>
        {
            Configure(services, json);
            services.AddGhms().BindConfiguration().AddJson();
            services.AddGhmsClient(client => client.AddJson()).BindConfiguration();
            services.AddGhmsClient("orders", client => client.AddJson()).BindConfiguration();
        });
        await host.Services.GetRequiredService<GhmsClient>().WaitForConnectedAsync().WaitAsync(Patience.Long);
        await host.Services.GetRequiredKeyedService<GhmsClient>("orders").WaitForConnectedAsync().WaitAsync(Patience.Long);
    }

    [Test]
    public async Task What_is_configured_later_wins_and_any_section_can_be_named()
    {
        var (broker, reconnect) = (new GhmsBrokerOptions(), new GhmsReconnectOptions());
        await using var provider = Provider(
            """{ "Any": { "Section": { "Servers": "http://localhost/", "Timeout": "00:00:07", "LookAhead": 8, "Outbound": { "SoftLimit": 5000 }, "Reconnect": { "MaxDelay": "00:00:09", "MaxAttempts": 3 } } } }""",
            services => services.AddGhmsClient("orders", client => client.AddJson().Configure(options => options.LookAhead = 1))
                .BindConfiguration("Any:Section")
                .Configure((_, client) => client
                    .Configure(options => (options.Timeout, broker) = (TimeSpan.FromSeconds(6), options))
                    .UseReconnect(options => (options.MaxAttempts, reconnect) = (4, options))));
        _ = provider.GetRequiredKeyedService<GhmsClient>("orders");
        Assert.That((broker.Timeout, broker.LookAhead, broker.Outbound.SoftLimit), Is.EqualTo((TimeSpan.FromSeconds(6), 8, 5_000L)));
        Assert.That((reconnect.MaxDelay, reconnect.MaxAttempts), Is.EqualTo((TimeSpan.FromSeconds(9), 4)));
    }

    [TestCase("""{ "Servers": "localhost:5000" }""", "Servers must be an absolute http or https URI; it is 'localhost:5000'.")]
    [TestCase("""{ "Servers": [ "http://localhost/", "ws://localhost/" ] }""", "Servers:1 must be an absolute http or https URI; it is 'ws://localhost/'.")]
    [TestCase("""{ "Server": "http://localhost/" }""", "Server is not a setting of a GHMS client.")]
    [TestCase("""{ "MaxConnections": 1 }""", "MaxConnections is not a setting of a GHMS client.")]
    [TestCase("""{ "Timeout": "30" }""", "Timeout must be a time such as 00:00:30; it is '30'.")]
    [TestCase("""{ "Timeout": "00:00:00" }""", "Timeout must be 00:00:00.1000000 to 01:00:00; it is 00:00:00.")]
    [TestCase("""{ "Outbound": { "SoftLimit": 9, "HardLimit": 8 } }""", "Outbound:HardLimit (8) must not be below Ghms:Clients:Orders:Outbound:SoftLimit (9).")]
    [TestCase("""{ "Reconnect": "yes" }""", "Reconnect must be a section; it is 'yes'.")]
    [TestCase("""{ "Reconnect": { "Delay": "00:00:01" } }""", "Reconnect:Delay is not a setting of a GHMS client.")]
    [TestCase("""{ "Reconnect": { "MaxAttempts": "many" } }""", "Reconnect:MaxAttempts must be a whole number; it is 'many'.")]
    [TestCase("""{ "Reconnect": { "MaxAttempts": 0 } }""", "Reconnect:MaxAttempts must be at least 1; it is 0.")]
    [TestCase("""{ "Reconnect": { "MaxWaitingSends": -1 } }""", "Reconnect:MaxWaitingSends must be at least 0; it is -1.")]
    [TestCase("""{ "Reconnect": { "MaxDelay": "2.00:00:00" } }""", "Reconnect:MaxDelay must be at most 1 day; it is 2.00:00:00.")]
    [TestCase("""{ "Reconnect": { "InitialDelay": "00:01:00" } }""", "Reconnect:InitialDelay must be 1 ms to MaxDelay (00:00:30); it is 00:01:00.")]
    [TestCase("""{ "Reconnect": { "AttemptTimeout": "00:00:00" } }""", "Reconnect:AttemptTimeout must be 10 ms to 1 hour; it is 00:00:00.")]
    public void A_mistake_keeps_the_host_from_starting_and_names_its_key(string section, string message)
    {
        var host = BuildHost(services =>
        {
            Configure(services, $$"""{ "Ghms": { "Clients": { "Orders": {{section}} } } }""");
            services.AddGhmsClient("orders", client => client.AddJson().ConnectTo(UriOf(1))).BindConfiguration();
        });
        Assert.That(
            async () => await host.StartAsync().WaitAsync(Patience.Long),
            Throws.TypeOf<GhmsInvalidConfigException>().With.Property(nameof(GhmsInvalidConfigException.Failures)).EqualTo(new[] { $"Ghms:Clients:Orders:{message}" }));
        ErrorsAreExpected();
    }

    [Test]
    public void A_section_for_no_client_is_a_mistake()
    {
        using var provider = Provider(
            """{ "Ghms": { "Clients": { "Oders": { "Servers": "http://localhost/" }, "Stock": { } } } }""",
            services =>
            {
                services.AddGhmsClient("orders", client => client.AddJson().ConnectTo(UriOf(1))).BindConfiguration();
                services.AddGhmsClient("stock");
            });
        Assert.That(
            () => provider.GetRequiredKeyedService<GhmsClient>("orders"),
            Throws.TypeOf<GhmsInvalidConfigException>().With.Property(nameof(GhmsInvalidConfigException.Failures)).EqualTo(new[] { "Ghms:Clients:Oders belongs to no GHMS client." }));
    }

    [Test]
    public void All_mistakes_are_listed_at_once()
    {
        using var provider = Provider(
            """{ "Ghms": { "Client": { "Servers": "here", "LookAhead": -1, "Reconnect": { "MaxAttempts": 0, "MaxDelay": 9, "More": 1 }, "Less": 2 } } }""",
            services => services.AddGhmsClient().BindConfiguration());
        Assert.That(
            () => provider.GetRequiredService<GhmsClient>(),
            Throws.TypeOf<GhmsInvalidConfigException>().With.Property(nameof(GhmsInvalidConfigException.Failures)).EquivalentTo(new[]
            {
                "Ghms:Client:Servers must be an absolute http or https URI; it is 'here'.",
                "Ghms:Client:LookAhead must not be negative; it is -1.",
                "Ghms:Client:Reconnect:MaxAttempts must be at least 1; it is 0.",
                "Ghms:Client:Reconnect:MaxDelay must be a time such as 00:00:30; it is '9'.",
                "Ghms:Client:Reconnect:More is not a setting of a GHMS client.",
                "Ghms:Client:Less is not a setting of a GHMS client.",
                "The GHMS client has no server to connect to: call ConnectTo, or bind a configuration that has Servers.",
                "No encoding is registered that is offered: call AddJson, AddMessagePack or AddBinary.",
            }));
    }

    [Test]
    public async Task Every_way_to_stay_connected_can_be_configured()
    {
        var settings = typeof(GhmsReconnectOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        Assert.That(settings, Has.Length.GreaterThan(5));
        foreach (var setting in settings)
        {
            var text = setting.PropertyType == typeof(TimeSpan) ? "00:00:09" : setting.PropertyType == typeof(bool) ? "True" : "9";
            object? value = null;
            await using var provider = Provider(
                $$"""{ "Ghms": { "Client": { "Reconnect": { "{{setting.Name}}": "{{text}}" } } } }""",
                services => services.AddGhmsClient(client => client.AddJson().ConnectTo(UriOf(1))).BindConfiguration()
                    .Configure((_, client) => client.UseReconnect(options => value = setting.GetValue(options))));
            _ = provider.GetRequiredService<GhmsClient>();
            Assert.That($"{value}", Is.EqualTo(text), setting.Name);
        }
    }

    private static ServiceProvider Provider(string json, Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        Configure(services, json);
        configure(services);
        return services.BuildServiceProvider();
    }

    private static void Configure(IServiceCollection services, string json) =>
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build());
}
