using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace Bedrock.Ghms.Server.Tests.Telemetry;

/// <summary>What a connection logs stands in its scope.</summary>
internal sealed class LogScopeTests : ServerFixture
{
    [Test]
    public async Task What_a_connection_logs_names_connection_broker_and_peer()
    {
        var app = await StartAsync(
            services =>
            {
                services.AddFakeLogging();
                Echo(services.AddGhms("orders"));
            },
            listen => listen.UseGhms(map => map.Broker("/", "orders")));
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var connection = app.Services.GetRequiredKeyedService<GhmsBroker>("orders").Connections[0];
        await peer.SendFrameAsync(99, "");
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1003));
        await connection.Completion.WaitAsync(Patience.Long);
        var records = Logged(app).Where(record => record.Category == typeof(GhmsBroker).FullName).ToList();
        Assert.That(records.Select(record => record.Id.Name), Is.SupersetOf(new[] { "Connected", "ProtocolViolation", "Disconnected" }));
        foreach (var record in records)
        {
            AssertScope(record, connection.Id, "orders", connection.RemoteEndPoint);
        }
    }

    [Test]
    public async Task So_does_that_it_is_closed_through_the_monitor()
    {
        var app = await StartAsync(
            services =>
            {
                services.AddFakeLogging();
                Echo(services.AddGhms("orders"));
            },
            _ => { },
            app =>
            {
                app.MapGhms("/", "orders");
                app.MapGhmsMonitor().AllowAnonymous();
            });
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var connection = app.Services.GetRequiredKeyedService<GhmsBroker>("orders").Connections[0];
        using var http = new HttpClient { BaseAddress = UriOf(app) };
        http.DefaultRequestHeaders.Add("X-Ghms-Monitor", "1");
        using var closing = await http.PostAsJsonAsync("/ghms/close", new { connection.Id });
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1001));
        AssertScope(Logged(app).Single(record => record.Id.Name == "ClosedByOperator"), connection.Id, "orders", connection.RemoteEndPoint);
    }

    [TestCase(true, "/", "text/plain", "", 406, "UpgradeRefused", "orders")]
    [TestCase(true, "/", "application/json", "X-Fail: 1\r\n", 500, "AdmissionFailed", "orders")]
    [TestCase(false, "/", "text/plain", "", 406, "UpgradeRefused", "orders")]
    [TestCase(false, "/", "application/json", "X-Fail: 1\r\n", 500, "AdmissionFailed", "orders")]
    [TestCase(false, "/nowhere", "application/json", "", 404, "UpgradeRefused", null)]
    public async Task So_does_what_is_logged_before_it_is_upgraded(
        bool isMapped, string path, string accept, string fields, int status, string name, string? broker)
    {
        ChecksFail = true;
        var app = await StartAsync(
            services =>
            {
                services.AddFakeLogging();
                var builder = services.AddGhms("orders");
                Echo(builder);
                builder.Admit((request, _) => request.Headers.ContainsKey("X-Fail") ? throw new InvalidOperationException("On purpose.") : default);
            },
            listen => _ = isMapped ? listen : listen.UseGhms(map => map.Broker("/", "orders")),
            app => _ = isMapped ? app.MapGhms("/", "orders") : null);
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(WirePeer.Request(path, $"Accept: {accept}\r\n{fields}"));
        Assert.That((await peer.ReadResponseAsync()).Status, Is.EqualTo(status));
        var record = Logged(app).Single(record => record.Id.Name == name);
        AssertScope(record, record.GetStructuredStateValue("ConnectionId"), broker, peer.LocalEndPoint);
    }

    [Test]
    public void Every_event_of_all_packages_has_an_id_and_a_name_of_its_own()
    {
        var others = EventsOf(typeof(GhmsHandler)).Concat(EventsOf(typeof(MessagePack.MessagePackMessageEncoding))).ToList();
        var events = EventsOf(typeof(GhmsBroker)).Concat(others).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events, Has.Count.GreaterThan(20));
            Assert.That(events.Select(e => e.EventId), Is.Unique.And.All.GreaterThan(0));
            Assert.That(events.Select(e => e.EventName), Is.Unique.And.All.Not.Null);

            // Those of the core are pinned by its own tests.
            Assert.That(others.Select(e => (e.EventId, e.EventName)), Is.EqualTo(new[] { (60, "ClosedByOperator") }));
        }
    }

    private static IEnumerable<LoggerMessageAttribute> EventsOf(Type type) => type.Assembly.GetTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
        .OfType<LoggerMessageAttribute>();

    private static IReadOnlyList<FakeLogRecord> Logged(WebApplication app) => app.Services.GetFakeLogCollector().GetSnapshot();

    private static void AssertScope(FakeLogRecord record, string? id, string? broker, EndPoint? remote)
    {
        var scope = record.Scopes.OfType<IReadOnlyList<KeyValuePair<string, object?>>>().Last(scope => scope.Any(pair => pair.Key == "Broker"));
        Assert.That(scope.ToDictionary(), Is.EquivalentTo(new Dictionary<string, object?>
        {
            ["ConnectionId"] = id,
            ["Broker"] = broker,
            ["RemoteEndPoint"] = remote,
        }));
    }
}
