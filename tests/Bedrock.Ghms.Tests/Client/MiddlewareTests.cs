using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Client;

/// <summary>Connection middleware, and transports of other makers.</summary>
internal sealed class MiddlewareTests : BrokerFixture
{
    private readonly List<string> _steps = [];

    [Test]
    public async Task The_first_added_is_the_outermost_and_unwinds_last()
    {
        var client = await Builder()
            .UseConnection(connection => connection.Use(next => Around("outer", next)))
            .UseConnection(connection => connection.Use(next => Around("inner", next)))
            .ConnectAsync(Uri);
        Assert.That(_steps, Is.EqualTo(new[] { "outer in", "inner in" }));
        Assert.That(await client.SendAsync(new Greeting("hello")), Is.EqualTo(1));
        await client.DisposeAsync().AsTask().InTime();
        Assert.That(_steps, Is.EqualTo(new[] { "outer in", "inner in", "inner out", "outer out" }));
    }

    [Test]
    public async Task Middleware_may_replace_the_pipes()
    {
        var (near, far) = InMemoryConnection.CreatePair();
        var peer = new RawPeer(far);
        await peer.SendAsync(ScriptedServer.Accepts);
        var server = new ScriptedServer();
        await using var client = await Builder().UseConnectionFactory(server)
            .UseConnection(connection => connection.Use(next => context =>
            {
                context.Transport = near.Transport;
                return next(context);
            }))
            .ConnectAsync(Uri);
        await client.SendAsync(new Greeting("hello"));
        await peer.ReadHeadAsync();
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"hello"}"""));
        await peer.FinishAsync();
    }

    [Test]
    public async Task Failing_middleware_fails_the_connect()
    {
        var server = new ScriptedServer();
        var failure = new InvalidOperationException("no handshake");
        var builder = Builder().UseConnectionFactory(server).UseConnection(connection => connection.Use(_ => _ => throw failure));
        Assert.That(async () => await builder.ConnectAsync(Uri).InTime(), Throws.Exception.SameAs(failure));
        Assert.That(server.Transports.Single().AbortReason, Is.Not.Null);
        await server.Peers.Single().FinishAsync();
    }

    [Test]
    public async Task Middleware_that_does_not_call_the_rest_fails_the_connect()
    {
        var server = new ScriptedServer();
        var builder = Builder().UseConnectionFactory(server).UseConnection(connection => connection.Use(_ => _ => Task.CompletedTask));
        Assert.That(async () => await builder.ConnectAsync(Uri).InTime(), Throws.InstanceOf<IOException>().With.Message.Contains("without handing"));
        await server.Peers.Single().FinishAsync();
    }

    [Test]
    public async Task Middleware_that_loses_the_features_is_told_so()
    {
        var server = new ScriptedServer();
        var builder = Builder().UseConnectionFactory(server).UseConnection(
            connection => connection.Use(next => context => next(new DefaultConnectionContext("other", context.Transport, context.Transport))));
        Assert.That(async () => await builder.ConnectAsync(Uri).InTime(), Throws.InvalidOperationException.With.Message.Contains("features"));
        await server.Peers.Single().FinishAsync();
    }

    [TestCase(true, Description = "it ends when its transport is aborted")]
    [TestCase(false, Description = "it never ends")]
    public async Task Middleware_that_hangs_does_not_hold_up_who_gives_up(bool ends)
    {
        var server = new ScriptedServer();
        var begun = new TaskCompletionSource();
        using var source = new CancellationTokenSource();
        var connecting = Builder().UseConnectionFactory(server)
            .UseConnection(connection => connection.Use(_ => async context =>
            {
                begun.SetResult();
                await (ends ? context.Transport.Input.ReadAsync().AsTask() : new TaskCompletionSource().Task);
            }))
            .ConnectAsync(Uri, source.Token);
        await begun.Task.InTime();
        await source.CancelAsync();
        Assert.That(async () => await connecting.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(server.Transports.Single().AbortReason, Is.Not.Null);
    }

    private static Uri Uri { get; } = new("http://localhost/");

    private ConnectionDelegate Around(string name, ConnectionDelegate next) => async context =>
    {
        _steps.Add($"{name} in");
        await next(context);
        _steps.Add($"{name} out");
    };

    private GhmsBroker Echo() => Build(broker => broker.AddJson().AddMessage<Greeting>()
        .Handle<Greeting>(async (connection, greeting, ct) => await connection.SendAsync(greeting, ct)));

    private GhmsClientBuilder Builder() => new GhmsClientBuilder().AddJson().AddMessage<Greeting>().UseConnectionFactory(new InMemoryServer(Echo()));
}
