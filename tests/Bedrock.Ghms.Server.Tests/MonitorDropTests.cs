using System.Net.Http.Json;
using System.Text.Json;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

internal sealed class MonitorDropTests : ServerFixture
{
    [Test]
    public async Task Who_misses_most_stands_first_on_request()
    {
        var app = await StartAsync(
            services =>
            {
                var builder = services.AddGhms(options => options.Outbound.SoftLimit = 200_000);
                Echo(builder);
                builder.DropNewest<Announcement>();
            },
            _ => { },
            app =>
            {
                app.MapGhms("/{**path}");
                app.MapGhmsMonitor().AllowAnonymous();
            });
        using var first = await WirePeer.UpgradeAsync(PortOf(app), path: "/reads");
        using var slow = await WirePeer.UpgradeAsync(PortOf(app), path: "/slow", receiveBuffer: 4_096);
        var connection = BrokerOf(app).Connections.Single(one => one.Path == "/slow");
        using var late = new CancellationTokenSource(Patience.Long);
        while (connection.DroppedMessages < 3)
        {
            late.Token.ThrowIfCancellationRequested();
            await connection.SendAsync(new Announcement { Word = new string('x', 50_000) });
        }

        using var http = new HttpClient { BaseAddress = UriOf(app) };
        var snapshot = await http.GetFromJsonAsync<JsonElement>("/ghms/snapshot.json?sort=dropped");
        var listed = snapshot.GetProperty("brokers")[0].GetProperty("connections").EnumerateArray()
            .Select(one => (one.GetProperty("path").GetString(), one.GetProperty("dropped").GetInt64()));
        Assert.That(listed, Is.EqualTo(new[] { ("/slow", connection.DroppedMessages), ("/reads", 0L) }));
    }
}
