using System.Reflection;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>Settings from the application's configuration, and mistakes in it that keep the host from starting.</summary>
internal sealed class ConfigurationTests : ServerFixture
{
    [Test]
    public async Task A_broker_reads_the_section_of_its_name()
    {
        var services = Services("""
            {
              "Ghms": {
                "MaxConnections": 7,
                "Timeout": "00:00:05",
                "Orders": { "MaxConnections": 9, "Outbound": { "SoftLimit": 5000 }, "Upgrade": { "KeptHeaders": [ "X-A", "X-B" ] } }
              }
            }
            """);
        var (unnamed, orders, stock) = (new GhmsBrokerOptions(), new GhmsBrokerOptions(), new GhmsBrokerOptions());
        Echo(services.AddGhms().BindConfiguration().Configure(options => unnamed = options));
        Echo(services.AddGhms("orders").BindConfiguration().Configure(options => orders = options));
        Echo(services.AddGhms("stock").Configure(options => stock = options));
        await using var provider = services.BuildServiceProvider();
        _ = provider.GetRequiredService<GhmsBroker>();
        _ = provider.GetRequiredKeyedService<GhmsBroker>("orders");
        _ = provider.GetRequiredKeyedService<GhmsBroker>("stock");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((unnamed.MaxConnections, unnamed.Timeout), Is.EqualTo((7, TimeSpan.FromSeconds(5))));
            Assert.That((orders.MaxConnections, orders.Timeout, orders.Outbound.SoftLimit), Is.EqualTo((9, Ghms.Timeout, 5_000L)));
            Assert.That(orders.Upgrade.KeptHeaders, Is.EqualTo(new[] { "X-A", "X-B" }));
            Assert.That(stock.MaxConnections, Is.EqualTo(Ghms.MaxConnections));
        }
    }

    [Test]
    public async Task What_is_configured_later_wins_and_any_section_can_be_named()
    {
        var services = Services("""{ "Mine": { "Brokers": { "First": { "MaxConnections": 7, "LookAhead": 8 } } } }""");
        var seen = new GhmsBrokerOptions();
        Echo(services.AddGhms(options => options.MaxConnections = 1)
            .BindConfiguration("Mine:Brokers:First")
            .Configure(options => options.LookAhead = 2)
            .Configure(options => seen = options));
        await using var provider = services.BuildServiceProvider();
        _ = provider.GetRequiredService<GhmsBroker>();
        Assert.That((seen.MaxConnections, seen.LookAhead), Is.EqualTo((7, 2)));
    }

    [TestCase("""{ "Ghms": { "Orders": { "MaxConnections": 0 } } }""", "Ghms:Orders:MaxConnections must be at least 1; it is 0.")]
    [TestCase("""{ "Ghms": { "Orders": { "MaxConections": 1 } } }""", "Ghms:Orders:MaxConections is not a setting of a GHMS broker.")]
    [TestCase("""{ "Ghms": { "Orders": { "MaxConnections": "many" } } }""", "Ghms:Orders:MaxConnections must be a whole number; it is 'many'.")]
    [TestCase("""{ "Ghms": { "Orders": { "MaxConnections": 1.5 } } }""", "Ghms:Orders:MaxConnections must be a whole number; it is '1.5'.")]
    [TestCase("""{ "Ghms": { "Orders": { "Timeout": "30" } } }""", "Ghms:Orders:Timeout must be a time such as 00:00:30; it is '30'.")]
    [TestCase("""{ "Ghms": { "Orders": { "Upgrade": { "MaxPending": 0 } } } }""", "Ghms:Orders:Upgrade:MaxPending must be at least 1; it is 0.")]
    [TestCase("""{ "Ghms": { "Orders": { "Upgrade": { "Limit": 0 } } } }""", "Ghms:Orders:Upgrade:Limit is not a setting of a GHMS broker.")]
    [TestCase("""{ "Ghms": { "Orders": { "Upgrade": 7 } } }""", "Ghms:Orders:Upgrade must be a section; it is '7'.")]
    [TestCase("""{ "Ghms": { "Orders": { "Upgrade": { "KeptHeaders": "X-A" } } } }""", "Ghms:Orders:Upgrade:KeptHeaders must be a list of names; it is 'X-A'.")]
    [TestCase("""{ "Ghms": { "Oders": { "MaxConnections": 1 } } }""", "Ghms:Oders belongs to no GHMS broker.")]
    [TestCase("""{ "Ghms": { "Orders": { "Outbound": { "SoftLimit": 9, "HardLimit": 8 } } } }""", "Ghms:Orders:Outbound:HardLimit (8) must not be below Ghms:Orders:Outbound:SoftLimit (9).")]
    public void A_mistake_keeps_the_host_from_starting_and_names_its_key(string json, string message)
    {
        Func<Task> start = () => StartAsync(
            services =>
            {
                Configure(services, json);
                Echo(services.AddGhms("orders").BindConfiguration());
            },
            listen => listen.UseGhms(map => map.Broker("/", "orders")));
        Assert.That(start, Throws.TypeOf<GhmsInvalidConfigException>().With.Property(nameof(GhmsInvalidConfigException.Failures)).EqualTo(new[] { message }));
        ErrorsAreExpected();
    }

    [Test]
    public void All_mistakes_are_listed_at_once()
    {
        var services = Services("""{ "Ghms": { "MaxConnections": 0, "Max": 1, "LookAhead": "x" } }""");
        Echo(services.AddGhms().BindConfiguration().Configure(options => options.Timeout = TimeSpan.Zero));
        using var provider = services.BuildServiceProvider();
        Assert.That(
            () => provider.GetRequiredService<GhmsBroker>(),
            Throws.TypeOf<GhmsInvalidConfigException>().With.Property(nameof(GhmsInvalidConfigException.Failures)).Count.EqualTo(4)
                .And.Message.Contains("Ghms:Max is").And.Message.Contains("Timeout must"));
    }

    [Test]
    public async Task Every_setting_there_is_can_be_configured()
    {
        var settings = SettingsOf(typeof(GhmsBrokerOptions), options => options).ToList();
        Assert.That(settings, Has.Count.GreaterThan(10));
        foreach (var (key, type, read) in settings)
        {
            // Within the bounds of every setting but one.
            var text = (Nullable.GetUnderlyingType(type) ?? type) == typeof(TimeSpan) ? "00:00:09" : type == typeof(bool) ? "True" : "9000000";
            var services = new ServiceCollection();
            Configure(services, new Dictionary<string, string?> { [$"Ghms:{key}"] = text });
            object? value = null;
            Echo(services.AddGhms().BindConfiguration().Configure(options =>
            {
                value = read(options) is IEnumerable<string> names ? names.Single() : read(options);
                options.SendBufferSize = 1_024;
            }));
            await using var provider = services.BuildServiceProvider();
            _ = provider.GetRequiredService<GhmsBroker>();
            Assert.That($"{value}", Is.EqualTo(text), key);
        }
    }

    private static IEnumerable<(string Key, Type Type, Func<GhmsBrokerOptions, object?> Read)> SettingsOf(
        Type type, Func<GhmsBrokerOptions, object?> owner, string group = "") =>
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        let read = new Func<GhmsBrokerOptions, object?>(options => property.GetValue(owner(options)))
        from setting in property.PropertyType.IsClass
            ? SettingsOf(property.PropertyType, read, $"{property.Name}:")
            : [($"{group}{property.Name}{(property.CanWrite ? "" : ":0")}", property.PropertyType, read)]
        select setting;

    private static ServiceCollection Services(string json)
    {
        var services = new ServiceCollection();
        Configure(services, json);
        return services;
    }

    private static void Configure(IServiceCollection services, string json) =>
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build());

    private static void Configure(IServiceCollection services, Dictionary<string, string?> values) =>
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
}
