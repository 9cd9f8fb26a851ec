using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Proxies;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>Clients by way of proxies as they are out there.</summary>
[TestFixture("tinyproxy")]
[TestFixture("microsocks")]
internal sealed class ForwardProxyTests(string kind) : TlsFixture
{
    private static readonly X509Certificate2 Localhost = Authority.Issue("localhost");

    [SetUp]
    public void Require() => ProxyProcess.Require(kind);

    [Test]
    public async Task Messages_and_the_last_word_pass_both_ways_under_TLS()
    {
        var app = await ServeAsync(Localhost);
        await using var proxy = await ForwardProxy.StartAsync(kind);
        await using var client = await proxy.Use(Builder().UseTls(Authority.Trust))
            .ConnectAsync(new Uri($"https://localhost:{PortOf(app)}/")).WaitAsync(Patience.Long);
        await EchoAsync(client);
        await EchoAsync(client, new string('a', 900_000));
        var connection = BrokerOf(app).Connections.Single();
        await client.CloseAsync(CloseStatus.GoingAway, "moving on");
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.End, Is.EqualTo(new ConnectionEnd(ConnectionEndCause.ClosedByPeer, CloseStatus.GoingAway, "moving on")));
    }

    [Test]
    public async Task Who_is_not_known_does_not_pass()
    {
        var app = await ServeAsync(Localhost);
        await using var proxy = await ForwardProxy.StartAsync(kind);
        var failure = await FailureAsync<GhmsProxyException>(() => proxy.Use(Builder(), "guess").ConnectAsync(UriOf(app)));
        Assert.That(failure.Message, Does.Contain(kind == "tinyproxy" ? "40" : "did not accept user and password"));
        Assert.That(BrokerOf(app).Connections, Is.Empty);
    }

    [Test]
    public async Task A_server_that_cannot_be_reached_is_the_proxy_s_word()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var proxy = await ForwardProxy.StartAsync(kind);
        var failure = await FailureAsync<GhmsProxyException>(() => proxy.Use(Builder()).ConnectAsync(taken.LocalEndPoint!));
        Assert.That(failure.StatusCode, Is.EqualTo(kind == "tinyproxy" ? 500 : 5));
    }
}
