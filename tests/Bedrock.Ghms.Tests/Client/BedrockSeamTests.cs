using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Client.Transport;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Client;

/// <summary>Factories that wrap their connections in middleware of their own, as Bedrock's client does.</summary>
internal sealed class BedrockSeamTests : BrokerFixture
{
    private readonly List<string> _steps = [];
    private readonly TaskCompletionSource<ConnectionEnd> _ended = new();

    private static Uri Uri { get; } = new("http://localhost/");

    [Test]
    public async Task Messages_pass_and_both_makers_middleware_unwinds_ours_first()
    {
        var factory = new BedrockStyleFactory(new InMemoryServer(Echo()), next => Around("theirs", next), BedrockStyleFactory.Streamed);
        await ConverseAsync(Builder().UseConnectionFactory(factory).UseConnection(connection => connection.Use(next => Around("ours", next))));
        await factory.Connections.Single().Unwound.InTime();
        Assert.That(_steps, Is.EqualTo(new[] { "theirs in", "ours in", "ours out", "theirs out" }));
        Assert.That((await _ended.Task.InTime()).Status, Is.EqualTo(CloseStatus.Normal));
    }

    [Test]
    public async Task A_connection_is_known_by_the_transport_s_own_id()
    {
        var factory = new BedrockStyleFactory(new InMemoryServer(Echo()));
        await using var client = await Builder().UseConnectionFactory(factory).ConnectAsync(Uri).InTime();
        Assert.That(client.Connection.Id, Is.EqualTo(factory.Connections.Single().ConnectionId));
    }

    [Test]
    public async Task The_socket_is_closed_though_middleware_has_replaced_the_pipes()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var factory = new BedrockStyleFactory(new SocketConnectionFactory(), BedrockStyleFactory.Streamed);

        // The clock stands still: no deadline closes it.
        var conversing = ConverseAsync(Builder().UseTimeProvider(Time).UseConnectionFactory(factory), new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}/"));
        await using var accepted = new SocketConnection(await listener.AcceptAsync().InTime());
        var serving = new UpgradeEndpoint(Echo()).RunAsync(accepted);
        await conversing;
        await serving.InTime();
        await factory.Connections.Single().Unwound.InTime();
        Assert.That(factory.Connections.Single().Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionSocketFeature>()!.Socket.SafeHandle.IsClosed, Is.True);
    }

    [Test]
    public void Middleware_of_theirs_that_fails_fails_the_connect()
    {
        var failure = new InvalidOperationException("no handshake");
        var factory = new BedrockStyleFactory(new InMemoryServer(Echo()), _ => _ => throw failure);
        Assert.That(async () => await Builder().UseConnectionFactory(factory).ConnectAsync(Uri).InTime(), Throws.Exception.SameAs(failure));
    }

    [TestCase(false, Description = "while it is in use")]
    [TestCase(true, Description = "while it is being closed")]
    public async Task A_transport_that_knows_no_abort_does_not_hold_a_client_whose_peer_is_silent(bool closes)
    {
        // Its peer reads nothing, and so takes in no more than this.
        var (near, far) = InMemoryConnection.CreatePair(new InMemoryOptions { PauseThreshold = 1_000 });
        await new RawPeer(far).SendAsync(ScriptedServer.Accepts);
        var factory = new BedrockStyleFactory(new Unabortable(near), BedrockStyleFactory.Streamed);
        var client = await Builder().UseConnectionFactory(factory).UseTimeProvider(Time).ConnectAsync(Uri).InTime();
        await client.SendAsync(new Greeting(new string('x', 10_000)));
        var done = closes ? client.DisposeAsync().AsTask() : client.Connection.Completion;

        // The clock goes on for as long as it takes: a thread that waits for a processor may need it yet.
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!done.IsCompleted)
        {
            late.Token.ThrowIfCancellationRequested();
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await done;
        await client.DisposeAsync().AsTask().InTime();
        Assert.That(client.Connection.IsOpen, Is.False);
    }

    private static async Task ConverseAsync(GhmsClientBuilder builder, Uri? uri = null)
    {
        var answered = new TaskCompletionSource<string>();
        await using var client = await builder.Handle<Greeting>((_, greeting, _) =>
        {
            answered.SetResult(greeting.Word);
            return ValueTask.CompletedTask;
        }).ConnectAsync(uri ?? Uri).InTime();
        await client.SendAsync(new Greeting(new string('x', 300_000)));
        Assert.That(await answered.Task.InTime(), Has.Length.EqualTo(300_000));
    }

    private ConnectionDelegate Around(string name, ConnectionDelegate next) => async context =>
    {
        _steps.Add($"{name} in");
        await next(context);
        _steps.Add($"{name} out");
    };

    private GhmsBroker Echo() => Build(broker => broker.AddJson().AddMessage<Greeting>()
        .Handle<Greeting>(async (connection, greeting, ct) => await connection.SendAsync(greeting, ct))
        .OnDisconnected(connection =>
        {
            _ended.TrySetResult(connection.End!);
            return ValueTask.CompletedTask;
        }));

    private static GhmsClientBuilder Builder() => new GhmsClientBuilder().AddJson().AddMessage<Greeting>();

    /// <summary>A transport as Bedrock's own: aborting it does nothing.</summary>
    private sealed class Unabortable(InMemoryConnection near) : IConnectionFactory
    {
        public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            new(new Plain(near.ConnectionId, near.Transport, near.Application!));

        private sealed class Plain(string id, System.IO.Pipelines.IDuplexPipe transport, System.IO.Pipelines.IDuplexPipe application)
            : DefaultConnectionContext(id, transport, application)
        {
            public override void Abort(ConnectionAbortedException abortReason)
            {
            }
        }
    }
}
