using System.Net.Security;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Client.Tls;
using Bedrock.Ghms.Client.Transport;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Client;

/// <summary>TLS before there is any: handshakes that come to nothing.</summary>
internal sealed class TlsMiddlewareTests : BrokerFixture
{
    private static Uri Uri { get; } = new("https://localhost/");

    [Test]
    public async Task An_https_URI_begins_with_a_ClientHello()
    {
        var server = new ScriptedServer();
        using var source = new CancellationTokenSource();
        var connecting = Builder(server).ConnectAsync(Uri, source.Token);
        var first = (await server.Peers.Single().ReadAsync()).Buffer.FirstSpan[..3].ToArray();
        await source.CancelAsync();
        Assert.That(async () => await connecting.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(first, Is.EqualTo(new byte[] { 22, 3, 1 }));
    }

    [Test]
    public async Task A_server_that_is_silent_is_given_up_by_whoever_cancels()
    {
        var server = new ScriptedServer();
        using var source = new CancellationTokenSource();
        var connecting = Builder(server).ConnectAsync(Uri, source.Token);
        await server.Peers.Single().ReadAsync();
        await source.CancelAsync();
        Assert.That(async () => await connecting.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(server.Transports.Single().AbortReason, Is.Not.Null);
    }

    [Test]
    public async Task A_server_that_is_silent_is_given_up_in_time()
    {
        var server = new ScriptedServer();
        var connecting = Builder(server).Configure(options => options.Timeout = TimeSpan.FromSeconds(5)).ConnectAsync(Uri);
        await server.Peers.Single().ReadAsync();
        Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.That(connecting.IsCompleted, Is.False);
        Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<TimeoutException>().With.Message.Contains("00:00:05"));
        Assert.That(server.Transports.Single().AbortReason, Is.Not.Null);
    }

    [Test]
    public void A_connection_that_ends_in_the_handshake_is_said_to_be_lost() => Assert.That(
        async () => await Builder(new ScriptedServer("\u0016\u0003\u0003", finish: true)).ConnectAsync(Uri).InTime(),
        Throws.TypeOf<GhmsTlsException>().With.Message.Contains("lost").And.Message.Contains("'localhost'"));

    [Test]
    public void Something_else_than_TLS_is_a_failed_handshake() => Assert.That(
        async () => await Builder(new ScriptedServer("SSH-2.0-OpenSSH_9.6\r\n")).ConnectAsync(Uri).InTime(),
        Throws.TypeOf<GhmsTlsException>().With.Message.Contains("failed"));

    [Test]
    public void Settings_that_fail_fail_the_connect() => Assert.That(
        async () => await Builder(new ScriptedServer()).UseTls(_ => throw new InvalidOperationException("no key")).ConnectAsync(Uri).InTime(),
        Throws.InvalidOperationException.With.Message.EqualTo("no key"));

    [Test]
    public async Task Elsewhere_the_name_has_to_be_set()
    {
        var server = new ScriptedServer();
        var transport = await server.ConnectAsync(new System.Net.IPEndPoint(0, 0));
        var builder = new ConnectionBuilder(Services);
        builder.UseTls().Run(_ => Task.CompletedTask);
        Assert.That(async () => await builder.Build()(transport).InTime(), Throws.InvalidOperationException.With.Message.Contains(nameof(SslClientAuthenticationOptions.TargetHost)));
    }

    [TestCase("http://a/", "a", false)]
    [TestCase("https://a:5000/", "a", true)]
    [TestCase("https://127.0.0.1:5000/", "127.0.0.1", true)]
    [TestCase("https://[::1]:5000/", "::1", true)]
    [TestCase("https://[::1]/", "::1", true)]
    public async Task The_middleware_learns_which_server_is_meant(string uri, string name, bool isTls)
    {
        IConnectionTargetFeature? target = null;
        var builder = Builder(new ScriptedServer()).UseConnection(connection => connection.Use(_ => context =>
        {
            target = context.Features.Get<IConnectionTargetFeature>();
            return Task.CompletedTask;
        }));
        await Assert.ThatAsync(() => builder.ConnectAsync(new Uri(uri)).InTime(), Throws.InstanceOf<IOException>());
        Assert.That((target?.HostName, target?.IsTls), Is.EqualTo((name, isTls)));
    }

    private GhmsClientBuilder Builder(IConnectionFactory factory) =>
        new GhmsClientBuilder().AddJson().AddMessage<Greeting>().UseConnectionFactory(factory).UseTimeProvider(Time).UseLoggerFactory(Services);
}
