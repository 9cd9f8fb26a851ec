using System.Reflection;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

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
        var records = app.Services.GetFakeLogCollector().GetSnapshot().Where(record => record.Category == typeof(GhmsBroker).FullName).ToList();
        Assert.That(records.Select(record => record.Id.Name), Is.SupersetOf(new[] { "Connected", "ProtocolViolation", "Disconnected" }));
        foreach (var record in records)
        {
            var scope = record.Scopes.OfType<IReadOnlyList<KeyValuePair<string, object?>>>().Last(scope => scope.Any(pair => pair.Key == "Broker"));
            Assert.That(scope.ToDictionary(), Is.EquivalentTo(new Dictionary<string, object?>
            {
                ["ConnectionId"] = connection.Id,
                ["Broker"] = "orders",
                ["RemoteEndPoint"] = connection.RemoteEndPoint,
            }));
        }
    }

    [Test]
    public void Every_event_of_all_packages_has_an_id_and_a_name_of_its_own()
    {
        var events = new[] { typeof(GhmsBroker), typeof(GhmsHandler), typeof(MessagePack.MessagePackMessageEncoding) }
            .SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>()
            .ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events, Has.Count.GreaterThan(20));
            Assert.That(events.Select(e => e.EventId), Is.Unique.And.All.GreaterThan(0));
            Assert.That(events.Select(e => e.EventName), Is.Unique.And.All.Not.Null);
        }
    }
}
