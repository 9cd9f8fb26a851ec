using System.Net;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Client.Proxies;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Client.Proxies;

/// <summary>Tunnels through HTTP proxies.</summary>
internal sealed class HttpProxyTests : BrokerFixture
{
    private const string Established = "HTTP/1.1 200 Connection established\r\n\r\n";

    private static readonly Uri Proxy = new("http://proxy.test:3128");

    [Test]
    public async Task The_proxy_is_dialled_and_asked_for_the_server([Values(1, 7, 1_000)] int step)
    {
        var proxy = new ScriptedProxy(step, ("CONNECT server.test:5000 HTTP/1.1\r\nHost: server.test:5000\r\n\r\n", Established));
        await using var client = await Builder(proxy).UseHttpProxy(Proxy).ConnectAsync(new Uri("http://server.test:5000/orders")).InTime();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(proxy.Dialled, Is.EqualTo(new DnsEndPoint("proxy.test", 3128)));
            Assert.That(await proxy.Heard.InTime(), Does.StartWith("GET /orders HTTP/1.1\r\nHost: server.test:5000\r\n"));
        }
    }

    [TestCase("http://server.test/", "server.test:80")]
    [TestCase("http://127.0.0.1:5000/", "127.0.0.1:5000")]
    [TestCase("http://[::1]:5000/", "[::1]:5000")]
    [TestCase("http://[fe80::1%2]:5000/", "[fe80::1]:5000")]
    [TestCase("http://bücher.test/", "xn--bcher-kva.test:80")]
    public async Task The_server_is_named_with_its_port(string uri, string authority)
    {
        var proxy = new ScriptedProxy(1_000, ($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n", Established));
        await using var client = await Builder(proxy).UseHttpProxy(Proxy).ConnectAsync(new Uri(uri)).InTime();
        await proxy.Heard.InTime();
    }

    [TestCase("HTTP/1.1 200\u0020\r\n\r\n")]
    [TestCase("HTTP/1.0 200 Connection established\r\nProxy-Agent: x\r\n\r\n")]
    [TestCase("HTTP/1.1 299 Fine\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [TestCase("HTTP/1.1 103 Early Hints\r\n\r\n" + Established)]
    public async Task Every_2xx_opens_the_tunnel_and_has_no_body(string answer)
    {
        var proxy = new ScriptedProxy(1, ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", answer));
        await using var client = await Builder(proxy).UseHttpProxy(Proxy).ConnectAsync(new Uri("http://a/")).InTime();
        await proxy.Heard.InTime();
    }

    [Test]
    public async Task User_and_password_are_sent_with_the_first_request()
    {
        var proxy = new ScriptedProxy(
            1_000,
            ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nProxy-Authorization: Basic YW5uOnA6w6RzcyA=\r\n\r\n", Established));
        await using var client = await Builder(proxy).UseHttpProxy(Proxy, new NetworkCredential("ann", "p:äss ")).ConnectAsync(new Uri("http://a/")).InTime();
        Assert.That(await proxy.Heard.InTime(), Does.Not.Contain("Proxy-Authorization"));
    }

    [TestCase("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 99\r\n\r\n", 407, "407 Proxy Authentication Required")]
    [TestCase("HTTP/1.1 403 For\u0007bidden\r\n\r\n", null, "no answer of an HTTP proxy")]
    [TestCase("HTTP/1.1 403 Forb\u00e9idden\r\n\r\n", 403, @"403 Forb\u00E9idden")]
    [TestCase("HTTP/1.1 502\u0020\r\n\r\n", 502, "refused: 502")]
    [TestCase("HTTP/1.1 301 Moved\r\nLocation: http://b/\r\n\r\n", 301, "301 Moved")]
    [TestCase("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 101, "101 Switching Protocols")]
    [TestCase("SSH-2.0-OpenSSH_9.6\r\n", null, "no answer of an HTTP proxy")]
    [TestCase("\u0005\u0000\r\n\r\n", null, "no answer of an HTTP proxy")]
    [TestCase("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", null, "no answer of an HTTP proxy")]
    public async Task A_refusal_says_why(string answer, int? status, string text)
    {
        foreach (var step in new[] { 1, 1_000 })
        {
            var builder = Builder(new ScriptedProxy(step, ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", answer))).UseHttpProxy(Proxy);
            var error = await Assert.ThrowsAsync<GhmsProxyException>(() => builder.ConnectAsync(new Uri("http://a/")).InTime());
            Assert.That((error!.Code, error.StatusCode), Is.EqualTo((GhmsError.ProxyFailed, status)));
            Assert.That(error.Message, Does.Contain(text));
        }
    }

    [TestCase("")]
    [TestCase("HTTP/1.1 200 Connection esta")]
    public void An_end_before_the_answer_is_an_error(string answer) => Assert.That(
        async () => await Builder(new ScriptedServer(answer, finish: true)).UseHttpProxy(Proxy).ConnectAsync(new Uri("http://a/")).InTime(),
        Throws.TypeOf<GhmsProxyException>().With.Message.Contains("ended the connection"));

    [Test]
    public async Task A_reset_before_the_answer_is_an_error()
    {
        var server = new ScriptedServer();
        var connecting = Builder(server).UseHttpProxy(Proxy).ConnectAsync(new Uri("http://a/"));
        await server.Peers.Single().Output.CompleteAsync(new ConnectionResetException("reset"));
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<GhmsProxyException>().With.InnerException.TypeOf<ConnectionResetException>());
    }

    [Test]
    public void An_endless_answer_is_refused_while_it_goes_on() => Assert.That(
        async () => await Builder(new ScriptedServer($"HTTP/1.1 200 OK\r\nX: {new string('x', 40_000)}")).UseHttpProxy(Proxy).ConnectAsync(new Uri("http://a/")).InTime(),
        Throws.TypeOf<GhmsProxyException>());

    [Test]
    public async Task A_proxy_that_does_not_answer_is_a_time_out()
    {
        var server = new ScriptedServer("HTTP/1.1 200 OK\r\n");
        var connecting = Builder(server).UseHttpProxy(Proxy).Configure(options => options.Timeout = TimeSpan.FromSeconds(5)).ConnectAsync(new Uri("http://a/"));
        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<TimeoutException>());
    }

    [Test]
    public async Task TLS_is_with_the_server_wherever_the_proxy_was_added()
    {
        var server = new ScriptedServer();
        using var source = new CancellationTokenSource();
        var connecting = Builder(server).UseTls().UseHttpProxy(Proxy).ConnectAsync(new Uri("https://a/"), source.Token);
        var peer = server.Peers.Single();
        Assert.That(await peer.ReadHeadAsync(), Does.StartWith("CONNECT a:443 "));
        await peer.SendAsync(Established);
        Assert.That((await peer.ReadAsync()).Buffer.FirstSpan[..3].ToArray(), Is.EqualTo(new byte[] { 22, 3, 1 }));
        await source.CancelAsync();
        Assert.That(async () => await connecting.InTime(), Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("https://proxy.test")]
    [TestCase("socks5://proxy.test")]
    [TestCase("http://ann:secret@proxy.test")]
    [TestCase("/relative")]
    public void A_proxy_has_an_http_URI_without_secrets(string uri) => Assert.That(
        () => new GhmsClientBuilder().UseHttpProxy(new Uri(uri, UriKind.RelativeOrAbsolute)),
        Throws.ArgumentException.With.Message.Contains("http URI").And.Message.Not.Contains("secret"));

    [Test]
    public void A_user_with_a_colon_is_refused() => Assert.That(
        () => new GhmsClientBuilder().UseHttpProxy(Proxy, new NetworkCredential("a:b", "c")), Throws.ArgumentException.With.Message.Contains("colon"));

    [Test]
    public async Task The_last_proxy_that_is_set_is_the_one()
    {
        var proxy = new ScriptedProxy(1_000, ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", Established));
        var builder = Builder(proxy).UseSocks5Proxy(new DnsEndPoint("other.test", 1080)).UseHttpProxy(Proxy);
        await using var client = await builder.ConnectAsync(new Uri("http://a/")).InTime();
        Assert.That(proxy.Dialled, Is.EqualTo(new DnsEndPoint("proxy.test", 3128)));
    }

    [TestCase("a b")]
    [TestCase("a\r\nX: y")]
    [TestCase("é")]
    public void A_name_that_no_request_can_carry_is_refused(string name) => Assert.That(
        async () => await Builder(new ScriptedServer()).UseHttpProxy(Proxy).ConnectAsync(new DnsEndPoint(name, 80)).InTime(), Throws.ArgumentException);

    [Test]
    public void A_socket_in_the_file_system_is_nothing_for_a_proxy() => Assert.That(
        async () => await Builder(new ScriptedServer()).UseHttpProxy(Proxy).ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint("/x")).InTime(),
        Throws.TypeOf<NotSupportedException>());

    [Test]
    public async Task In_a_chain_of_another_maker_the_server_has_to_be_told()
    {
        var (transport, _) = InMemoryConnection.CreatePair();
        var builder = new ConnectionBuilder(Services);
        builder.UseHttpProxy().Run(_ => Task.CompletedTask);
        await Assert.ThatAsync(() => builder.Build()(transport).InTime(), Throws.InvalidOperationException.With.Message.Contains("IConnectionTargetFeature"));
    }

    private GhmsClientBuilder Builder(IConnectionFactory factory) =>
        new GhmsClientBuilder().AddJson().AddMessage<Greeting>().UseConnectionFactory(factory).UseTimeProvider(Time).UseLoggerFactory(Services);
}
