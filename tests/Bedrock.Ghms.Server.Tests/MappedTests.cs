using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>A broker on one port with the rest of a web application.</summary>
internal sealed class MappedTests : ServerFixture
{
    [Test]
    public async Task A_mapped_broker_answers_on_the_port_of_the_site()
    {
        var app = await StartMappedAsync(Echo, map: app =>
        {
            app.MapGet("/", () => "the site");
            app.MapGhms("/orders");
        });
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), path: "/orders");
        await peer.EchoAsync("over the site's port");
        using var site = new HttpClient();
        Assert.That(await site.GetStringAsync(UriOf(app)), Is.EqualTo("the site"));
        await peer.EchoAsync(new string('a', 900_000));
    }

    [Test]
    public async Task A_fin_is_answered()
    {
        var app = await StartMappedAsync(Echo);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.SendFrameAsync(10, """{"Word":"x"}""");
        peer.Finish();
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"x"}"""));
        await peer.ReadFinAsync();
    }

    [Test]
    public async Task Stop()
    {
        var app = await StartMappedAsync(Echo);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var stop = app.StopAsync();
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1001));
        await stop;
    }

    [Test]
    public async Task Violate()
    {
        var app = await StartMappedAsync(Echo);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.SendFrameAsync(99, "");
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1003));
        using var peer2 = await WirePeer.ConnectAsync(PortOf(app));
        await peer2.SendAsync(WirePeer.Request());
        var r = await peer2.ReadResponseAsync();
        TestContext.Out.WriteLine(r.StatusLine + "\n" + string.Join("\n", r.Fields.Select(f => f.Key + ": " + string.Join(" | ", f))));
        using var peer3 = await WirePeer.ConnectAsync(PortOf(app));
        await peer3.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        r = await peer3.ReadResponseAsync();
        TestContext.Out.WriteLine(r.StatusLine + "\n" + string.Join("\n", r.Fields.Select(f => f.Key + ": " + string.Join(" | ", f))) + r.Body);
    }
}
