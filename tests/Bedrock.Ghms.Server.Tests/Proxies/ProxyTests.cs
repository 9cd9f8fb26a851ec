using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests.Proxies;

/// <summary>Connections by way of a proxy that is configured as README says.</summary>
[TestFixture("nginx")]
[TestFixture("haproxy")]
[Parallelizable(ParallelScope.Children)]
internal sealed class ProxyTests(string proxy) : ServerFixture
{
    private const int Large = 500_000;

    [SetUp]
    public void Require() => ProxyProcess.Require(proxy);

    [Test]
    public async Task Messages_of_any_size_pass_both_ways([Values] Route route)
    {
        var app = await StartAsync(Echo);
        await using var between = await ProxyProcess.StartAsync(proxy, PortOf(app));
        using var peer = await between.UpgradeAsync(route);
        await peer.EchoAsync();
        await peer.EchoAsync(new string('a', Large));
        await BrokerOf(app).SendAsync(new Announcement { Word = new string('b', Large) });
        var (code, text) = await peer.ReadTextAsync();
        Assert.That((code, text.Length), Is.EqualTo((12u, Large + """{"Word":""}""".Length)));
        await peer.EchoAsync();
    }

    [Test]
    public async Task A_Close_of_the_client_reaches_the_server([Values] Route route)
    {
        var app = await StartAsync(Echo);
        await using var between = await ProxyProcess.StartAsync(proxy, PortOf(app));
        using var peer = await between.UpgradeAsync(route);
        var connection = BrokerOf(app).Connections.Single();
        await peer.SendAsync(WirePeer.Frame(WirePeer.Close, [3, 233, .. "Good night."u8]));
        await peer.ReadFinAsync();
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.End, Is.EqualTo(new ConnectionEnd(ConnectionEndCause.ClosedByPeer, CloseStatus.GoingAway, "Good night.")));
    }

    [Test]
    public async Task A_Close_of_the_server_reaches_the_client_after_what_was_sent_before([Values] Route route)
    {
        var app = await StartAsync(Echo);
        await using var between = await ProxyProcess.StartAsync(proxy, PortOf(app));
        using var peer = await between.UpgradeAsync(route);
        await BrokerOf(app).SendAsync(new Announcement { Word = new string('a', Large) });
        await BrokerOf(app).Connections.Single().CloseAsync(CloseStatus.TryAgainLater);
        Assert.That(await peer.ReadToCloseAsync(), Is.EqualTo((1, 1013)));
    }

    [Test]
    public async Task A_refusal_reaches_the_client([Values] Route route)
    {
        var app = await StartAsync(Echo);
        await using var between = await ProxyProcess.StartAsync(proxy, PortOf(app));
        using var peer = await between.ConnectAsync(route);
        await peer.SendAsync(WirePeer.Request("/orders", "Accept: text/html\r\n"));
        var response = await peer.ReadResponseAsync();
        Assert.That(response.Status, Is.EqualTo(406));
        Assert.That(response.Body, Does.Contain("application/json"));
    }

    [Test]
    public async Task A_client_and_a_server_of_this_library_meet([Values] Route route)
    {
        var app = await StartAsync(Echo);
        await using var between = await ProxyProcess.StartAsync(proxy, PortOf(app));
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = route is Route.Https or Route.RawTls
            ? new GhmsClientBuilder().UseTls(tls => tls.RemoteCertificateValidationCallback = Certificates.TrustServer().RemoteCertificateValidationCallback)
            : new GhmsClientBuilder();
        var client = await builder
            .AddJson()
            .AddMessage<Message>(code: 10)
            .Handle<Message>((_, message, _) =>
            {
                answer.SetResult(message.Word);
                return ValueTask.CompletedTask;
            })
            .ConnectAsync(new Uri($"http://127.0.0.1:{between.Port(route)}/orders"));
        var connection = BrokerOf(app).Connections.Single();
        await client.SendAsync(new Message { Word = "hello" });
        Assert.That(await answer.Task.WaitAsync(Patience.Long), Is.EqualTo("hello"));
        await client.DisposeAsync();
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.End?.Status, Is.EqualTo(CloseStatus.Normal));
    }

    [Test]
    public async Task Heartbeats_keep_an_idle_connection_open_that_the_proxy_would_end([Values] Route route)
    {
        var app = await StartAsync(Echo);
        await using var between = await ProxyProcess.StartAsync(proxy, PortOf(app), timeout: "5s");

        // The server sends heartbeats as often as its peer asks for: to one every tenth of a second, to the other every twenty minutes.
        using var kept = await between.UpgradeAsync(route, "GHMS-Timeout: 300\r\n");
        using var left = await between.UpgradeAsync(route, "GHMS-Timeout: 3600000\r\n");
        await left.ReadFinAsync();
        await kept.EchoAsync();
    }
}
