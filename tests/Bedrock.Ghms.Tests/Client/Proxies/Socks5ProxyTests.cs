using System.Net;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Client.Proxies;

/// <summary>Tunnels through SOCKS5 proxies.</summary>
internal sealed class Socks5ProxyTests : BrokerFixture
{
    private const string Hello = "\u0005\u0001\u0000";
    private const string HelloWithPassword = "\u0005\u0002\u0000\u0002";
    private const string ForA = "\u0005\u0001\u0000\u0003\u0001a\u0000\u0050";
    private const string Opened = "\u0005\u0000\u0000\u0001\u007f\u0000\u0000\u0001\u0004\u0038";

    private static readonly EndPoint Proxy = new DnsEndPoint("proxy.test", 1080);
    private static readonly Uri Uri = new("http://a/");

    [TestCase("http://server.test:5000/x", "\u0003\u000bserver.test\u0013\u0088")]
    [TestCase("http://127.0.0.1:5000/x", "\u0001\u007f\u0000\u0000\u0001\u0013\u0088")]
    [TestCase("http://[::1]:5000/x", "\u0004\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u0001\u0013\u0088")]
    public async Task The_proxy_is_dialled_and_asked_for_the_server(string uri, string address)
    {
        foreach (var step in new[] { 1, 3, 1_000 })
        {
            var proxy = new ScriptedProxy(step, (Hello, "\u0005\u0000"), ("\u0005\u0001\u0000" + address, Opened));
            await using var client = await Builder(proxy).UseSocks5Proxy(Proxy).ConnectAsync(new Uri(uri)).InTime();
            Assert.That(proxy.Dialled, Is.EqualTo(Proxy));
            Assert.That(await proxy.Heard.InTime(), Does.StartWith("GET /x HTTP/1.1\r\n"));
        }
    }

    [TestCase("\u0001\u007f\u0000\u0000\u0001\u0000\u0001")]
    [TestCase("\u0004\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u0001\u0013\u0088")]
    [TestCase("\u0003\u0005proxy\u0013\u0088")]
    [TestCase("\u0003\u0000\u0013\u0088")]
    public async Task The_address_in_the_reply_may_be_of_any_kind(string address)
    {
        foreach (var step in new[] { 1, 1_000 })
        {
            var proxy = new ScriptedProxy(step, (Hello, "\u0005\u0000"), (ForA, "\u0005\u0000\u0000" + address));
            await using var client = await Builder(proxy).UseSocks5Proxy(Proxy).ConnectAsync(Uri).InTime();
            await proxy.Heard.InTime();
        }
    }

    [Test]
    public async Task User_and_password_are_given_where_they_are_wanted([Values(1, 1_000)] int step)
    {
        var proxy = new ScriptedProxy(
            step, (HelloWithPassword, "\u0005\u0002"), ("\u0001\u0003ann\u0007s\u00c3\u00a4cret", "\u0001\u0000"), (ForA, Opened));
        await using var client = await Builder(proxy).UseSocks5Proxy(Proxy, new NetworkCredential("ann", "säcret")).ConnectAsync(Uri).InTime();
        await proxy.Heard.InTime();
    }

    [Test]
    public async Task User_and_password_are_kept_where_they_are_not_wanted()
    {
        var proxy = new ScriptedProxy(1_000, (HelloWithPassword, "\u0005\u0000"), (ForA, Opened));
        await using var client = await Builder(proxy).UseSocks5Proxy(Proxy, new NetworkCredential("ann", "secret")).ConnectAsync(Uri).InTime();
        await proxy.Heard.InTime();
    }

    [TestCase(1, "general failure")]
    [TestCase(2, "rules")]
    [TestCase(3, "network is unreachable")]
    [TestCase(4, "host is unreachable")]
    [TestCase(5, "server refused")]
    [TestCase(6, "time to live")]
    [TestCase(7, "on behalf of others")]
    [TestCase(8, "such an address")]
    [TestCase(9, "reply 9")]
    [TestCase(255, "reply 255")]
    public async Task A_refusal_says_why(int reply, string text)
    {
        foreach (var step in new[] { 1, 1_000 })
        {
            // Some say no more than that and hang up.
            var proxy = new ScriptedProxy(step, (Hello, "\u0005\u0000"), (ForA, $"\u0005{(char)reply}\u0000\u0001"));
            var error = await Assert.ThrowsAsync<GhmsProxyException>(() => Builder(proxy).UseSocks5Proxy(Proxy).ConnectAsync(Uri).InTime());
            Assert.That((error!.Code, error.StatusCode), Is.EqualTo((GhmsError.ProxyFailed, reply)));
            Assert.That(error.Message, Does.Contain(text));
        }
    }

    [TestCase("\u0005\u00ff", "wants authentication")]
    [TestCase("\u0005\u0002", "not offered")]
    [TestCase("\u0005\u0001", "not offered")]
    [TestCase("\u0004\u0000", "version")]
    [TestCase("HTTP/1.1 400 Bad Request\r\n\r\n", "version")]
    public Task An_answer_to_the_greeting_that_is_none_is_an_error(string answer, string text) => FailsAsync(null, text, (Hello, answer));

    [TestCase("\u0005\u00ff", "takes no user")]
    [TestCase("\u0005\u0003", "not offered")]
    public Task A_proxy_that_takes_no_password_is_an_error(string answer, string text) =>
        FailsAsync(new NetworkCredential("ann", "x"), text, (HelloWithPassword, answer));

    [TestCase("\u0001\u0001", "did not accept")]
    [TestCase("\u0001\u00ff", "did not accept")]
    [TestCase("\u0005\u0000", "version of the authentication")]
    public Task A_password_that_is_not_right_is_an_error(string answer, string text) => FailsAsync(
        new NetworkCredential("ann", "x"), text, (HelloWithPassword, "\u0005\u0002"), ("\u0001\u0003ann\u0001x", answer));

    [TestCase("\u0004\u0000\u0000\u0001", "version")]
    [TestCase("\u0005\u0000\u0001\u0001", "reply")]
    [TestCase("\u0005\u0000\u0000\u0000", "reply")]
    [TestCase("\u0005\u0000\u0000\u0002", "reply")]
    public Task A_reply_that_is_none_is_an_error(string answer, string text) => FailsAsync(null, text, (Hello, "\u0005\u0000"), (ForA, answer));

    [TestCase("")]
    [TestCase("\u0005")]
    [TestCase("\u0005\u0000")]
    [TestCase("\u0005\u0000\u0005\u0000\u0000")]
    [TestCase("\u0005\u0000\u0005\u0000\u0000\u0003")]
    [TestCase("\u0005\u0000\u0005\u0000\u0000\u0003\u0005pro")]
    [TestCase("\u0005\u0000\u0005\u0000\u0000\u0001\u007f\u0000\u0000\u0001\u0000")]
    public void An_end_before_the_answer_is_an_error(string answer) => Assert.That(
        async () => await Builder(new ScriptedServer(answer, finish: true)).UseSocks5Proxy(Proxy).ConnectAsync(Uri).InTime(),
        Throws.TypeOf<GhmsProxyException>().With.Message.Contains("ended the connection"));

    [TestCase("", "x")]
    [TestCase("ann", "")]
    [TestCase(null, "x")]
    public void User_and_password_that_cannot_be_sent_are_refused(string? user, string password)
    {
        foreach (var credential in new[] { new NetworkCredential(user, password), new NetworkCredential("ann", new string('ä', 128)) })
        {
            Assert.That(() => new GhmsClientBuilder().UseSocks5Proxy(Proxy, credential), Throws.ArgumentException.With.Message.Contains("255"));
        }
    }

    [Test]
    public void A_name_that_is_too_long_is_refused() => Assert.That(
        async () => await Builder(new ScriptedServer()).UseSocks5Proxy(Proxy).ConnectAsync(new DnsEndPoint(new string('a', 256), 80)).InTime(),
        Throws.ArgumentException.With.Message.Contains("255"));

    [Test]
    public void A_socket_in_the_file_system_is_nothing_for_a_proxy() => Assert.That(
        async () => await Builder(new ScriptedServer()).UseSocks5Proxy(Proxy).ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint("/x")).InTime(),
        Throws.TypeOf<NotSupportedException>());

    private async Task FailsAsync(NetworkCredential? credential, string text, params (string Expected, string Answer)[] script)
    {
        foreach (var step in new[] { 1, 1_000 })
        {
            var builder = Builder(new ScriptedProxy(step, script)).UseSocks5Proxy(Proxy, credential);
            var error = await Assert.ThrowsAsync<GhmsProxyException>(() => builder.ConnectAsync(Uri).InTime());
            Assert.That(error!.StatusCode, Is.Null);
            Assert.That(error.Message, Does.Contain(text));
        }
    }

    private GhmsClientBuilder Builder(IConnectionFactory factory) =>
        new GhmsClientBuilder().AddJson().AddMessage<Greeting>().UseConnectionFactory(factory).UseTimeProvider(Time).UseLoggerFactory(Services);
}
