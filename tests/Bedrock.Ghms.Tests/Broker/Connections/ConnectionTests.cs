using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Broker.Connections;

/// <summary>What a connection shows, and how it ends.</summary>
internal sealed class ConnectionTests : JoinFixture
{
    private const string Hello = """{"Word":"hello"}""";

    // 124 bytes, one more than fit.
    private const string LongReason = "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890" + "123456789012345678901234";

    [Test]
    public async Task A_connection_shows_how_it_was_upgraded()
    {
        var joined = new TaskCompletionSource<GhmsConnection>();
        var broker = Make(builder => builder
            .AddMessagePack()
            .Configure(options => options.Upgrade.KeptHeaders.Add("X-Tenant"))
            .OnConnected(connection =>
            {
                joined.SetResult(connection);
                return ValueTask.CompletedTask;
            }));
        var transport = new InMemoryServer(broker).Connect(out var server);
        server.RemoteEndPoint = new System.Net.IPEndPoint(System.Net.IPAddress.Parse("192.0.2.7"), 4711);
        var peer = new RawPeer(transport);
        await peer.SendAsync("GET /caf%C3%A9/a%20b?x=%20&y HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n"
            + "Accept: application/x-msgpack\r\nx-tenant: one\r\nX-Other: no\r\nX-TENANT: two\r\n\r\n");
        await peer.ReadHeadAsync();
        var connection = await joined.Task.InTime();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(connection.Id, Is.EqualTo(server.ConnectionId));
            Assert.That(connection.Broker, Is.SameAs(broker));
            Assert.That((connection.Path, connection.Query), Is.EqualTo(("/café/a b", "x=%20&y")));
            Assert.That(connection.Encoding, Is.EqualTo(MediaTypes.MessagePack));
            Assert.That(connection.Headers, Has.Count.EqualTo(1));
            Assert.That(connection.Headers["X-tenant"], Is.EqualTo("one, two"));
            Assert.That(connection.RemoteEndPoint, Is.EqualTo(server.RemoteEndPoint));
            Assert.That(connection.LocalEndPoint, Is.EqualTo(server.LocalEndPoint));
            Assert.That((connection.IsOpen, connection.End, connection.Closed.IsCancellationRequested), Is.EqualTo((true, (ConnectionEnd?)null, false)));
            Assert.That(connection.ToString(), Does.Contain(connection.Id));
        }

        connection.Items["mine"] = 1;
        Assert.That(broker.Connections.Single().Items["mine"], Is.EqualTo(1));
    }

    [Test]
    public async Task Headers_that_were_not_asked_for_are_not_kept()
    {
        var (connection, _) = await JoinAsync(Make(), fields: "X-Tenant: one\r\n");
        Assert.That(connection.Headers, Is.Empty);
    }

    [Test]
    public async Task Ids_are_unique()
    {
        var joined = await JoinManyAsync(Make(), 20);
        Assert.That(joined.Select(one => one.Connection.Id), Is.Unique);
    }

    [Test]
    public async Task It_may_be_closed_here()
    {
        var (connection, peer) = await JoinAsync(Make());
        var closed = connection.CloseAsync(CloseStatus.TryAgainLater, "retry-after=5;busy");
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(new CloseMessage(CloseStatus.TryAgainLater, "retry-after=5;busy")));
        await closed.InTime();
        await CheckEndAsync(connection, new ConnectionEnd(ConnectionEndCause.ClosedHere, CloseStatus.TryAgainLater, "retry-after=5;busy"));
    }

    [Test]
    public async Task It_may_be_closed_by_the_peer()
    {
        var (connection, peer) = await JoinAsync(Make());
        await peer.SendAsync(CloseFrame(CloseStatus.PolicyViolation, "go\r\naway"));
        Assert.That(await peer.ReadFrameAsync(), Is.Null, "a Close is answered with FIN alone");
        await CheckEndAsync(connection, new ConnectionEnd(ConnectionEndCause.ClosedByPeer, CloseStatus.PolicyViolation, "go\r\naway"));
        Assert.That(Services.Log.Select(record => record.Text), Has.None.Contains("\r").And.Some.Contains(@"go\r\naway"));
    }

    [Test]
    public async Task It_may_be_ended_by_the_peer_without_a_Close()
    {
        var (connection, peer) = await JoinAsync(Make());
        await peer.FinishAsync();
        Assert.That(await peer.ReadFrameAsync(), Is.Null);
        await connection.Completion.InTime();
        Assert.That((connection.End!.Cause, connection.End.Status), Is.EqualTo((ConnectionEndCause.EndedByPeer, CloseStatus.None)));
    }

    [Test]
    public async Task A_lost_connection_says_what_went_wrong()
    {
        var (connection, peer) = await JoinAsync(Make());
        var failure = new ConnectionResetException("reset");
        await peer.Output.CompleteAsync(failure);
        await connection.Completion.InTime();
        Assert.That(connection.End!.Cause, Is.EqualTo(ConnectionEndCause.Lost));
        Assert.That(connection.End.Exception, Is.SameAs(failure));
        Assert.That(async () => await connection.SendAsync(new Greeting("")), Throws.TypeOf<GhmsConnectionClosedException>().With.InnerException.SameAs(failure));
    }

    [Test]
    public async Task A_broken_rule_closes_it_and_is_told_in_its_end()
    {
        var (connection, peer) = await JoinAsync(Make());
        await peer.SendFrameAsync(10, "nonsense");
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.InvalidPayload));
        await connection.Completion.InTime();
        Assert.That((connection.End!.Cause, connection.End.Status), Is.EqualTo((ConnectionEndCause.ClosedHere, CloseStatus.InvalidPayload)));
        Assert.That(connection.End.Exception, Is.TypeOf<GhmsProtocolException>());
    }

    [Test]
    public async Task A_message_too_big_to_receive_is_1009()
    {
        var (connection, peer) = await JoinAsync(Make(builder => builder.Configure(options => options.MaxMessageSize = 20)));
        await peer.SendAsync(RawPeer.Frame(10, new byte[21]).AsMemory(0, 8));
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.MessageTooBig));
        await connection.Completion.InTime();
        Assert.That(connection.End!.Status, Is.EqualTo(CloseStatus.MessageTooBig));
    }

    [Test]
    public async Task The_first_cause_wins()
    {
        var (connection, peer) = await JoinAsync(Make());
        var first = connection.CloseAsync(CloseStatus.GoingAway, "first");
        var second = connection.CloseAsync(CloseStatus.PolicyViolation, "second");
        await peer.SendAsync(CloseFrame(CloseStatus.Normal, "third"));
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(new CloseMessage(CloseStatus.GoingAway, "first")));
        await Task.WhenAll(first, second).InTime();
        await CheckEndAsync(connection, new ConnectionEnd(ConnectionEndCause.ClosedHere, CloseStatus.GoingAway, "first"));
        await connection.CloseAsync().InTime();
    }

    [TestCase((CloseStatus)1005, "")]
    [TestCase((CloseStatus)0, "")]
    [TestCase(CloseStatus.Normal, LongReason)]
    public async Task A_Close_that_may_not_be_sent_is_refused_and_the_connection_stays(CloseStatus status, string reason)
    {
        var broker = Make();
        var (connection, _) = await JoinAsync(broker);
        Assert.That(() => connection.CloseAsync(status, reason), Throws.ArgumentException);
        Assert.That(() => broker.CloseAsync(status, reason), Throws.ArgumentException);
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(1));
    }

    [Test]
    public async Task Everything_accepted_goes_out_before_the_Close()
    {
        var (connection, peer) = await JoinAsync(Make());
        for (var i = 0; i < 20; i++)
        {
            await connection.SendAsync(new Greeting($"{i}"));
        }

        var closed = connection.CloseAsync();
        for (var i = 0; i < 20; i++)
        {
            Assert.That((await peer.ReadTextAsync()).Text, Does.Contain($"\"{i}\""));
        }

        await peer.ReadCloseAsync();
        await closed.InTime();
    }

    [Test]
    public async Task Completion_waits_for_the_handler_and_Disconnected_comes_after_it()
    {
        var (release, begun) = (new TaskCompletionSource(), new TaskCompletionSource());
        var steps = new List<string>();
        var broker = Make(builder => builder
            .Handle<Greeting>(async (connection, _, _) =>
            {
                begun.SetResult();
                await release.Task;
                steps.Add($"handler, token {connection.Closed.IsCancellationRequested}");
            })
            .OnDisconnected(connection =>
            {
                steps.Add($"disconnected {connection.End!.Cause}");
                return ValueTask.CompletedTask;
            }));
        var (connection, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        await begun.Task.InTime();
        await peer.SendAsync(CloseFrame(CloseStatus.Normal, ""));
        await FiredAsync(connection.Closed);
        Assert.That(connection.Completion.IsCompleted, Is.False);
        release.SetResult();
        await connection.Completion.InTime();
        Assert.That(steps, Is.EqualTo(new[] { "handler, token True", "disconnected ClosedByPeer" }));
    }

    [Test]
    public async Task Connected_comes_before_the_first_message_even_if_it_takes_its_time()
    {
        var release = new TaskCompletionSource();
        var steps = new List<string>();
        var broker = Make(builder => builder
            .OnConnected(async _ =>
            {
                await release.Task;
                steps.Add("connected");
            })
            .Handle<Greeting>(async (connection, greeting, ct) =>
            {
                steps.Add("handled");
                await connection.SendAsync(greeting, ct);
            }));
        var peer = await ConnectAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        release.SetResult();
        await peer.ReadTextAsync();
        Assert.That(steps, Is.EqualTo(new[] { "connected", "handled" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_failure_in_Connected_ends_it_with_1011(bool atOnce)
    {
        ExpectsErrors = true;
        var failure = new InvalidOperationException("secret");
        var ended = new TaskCompletionSource<ConnectionEnd?>();
        var broker = Make(builder => builder
            .OnConnected(async _ =>
            {
                if (!atOnce)
                {
                    await Task.Yield();
                }

                throw failure;
            })
            .OnDisconnected(connection =>
            {
                ended.SetResult(connection.End);
                return ValueTask.CompletedTask;
            }));
        var peer = await ConnectAsync(broker);
        var close = await peer.ReadCloseAsync();
        Assert.That(close.Status, Is.EqualTo(CloseStatus.HandlerFailed));
        Assert.That(close.Reason, Does.Not.Contain("secret"));
        Assert.That((await ended.Task.InTime())!.Exception, Is.SameAs(failure));
        Assert.That(Services.Log.Select(record => record.Exception), Has.One.SameAs(failure));
    }

    [Test]
    public async Task Connected_may_turn_a_peer_away_and_wait_for_that()
    {
        var turnedAway = new TaskCompletionSource();
        var broker = Make(builder => builder.OnConnected(async connection =>
        {
            await connection.CloseAsync(CloseStatus.PolicyViolation, "not you");
            turnedAway.SetResult();
        }));
        var peer = await ConnectAsync(broker);
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(new CloseMessage(CloseStatus.PolicyViolation, "not you")));
        await turnedAway.Task.InTime();
    }

    [Test]
    public async Task A_failure_in_Disconnected_is_logged()
    {
        ExpectsErrors = true;
        var failure = new InvalidOperationException("late");
        var joined = await JoinAsync(Make(builder => builder.OnDisconnected(_ => throw failure)));
        await joined.LeaveAsync();
        Assert.That(Services.Log.Select(record => record.Exception), Has.One.SameAs(failure));
    }

    private static byte[] CloseFrame(CloseStatus status, string reason)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        new CloseMessage(status, reason).Write(output);
        return output.WrittenSpan.ToArray();
    }

    private static async Task CheckEndAsync(GhmsConnection connection, ConnectionEnd end)
    {
        await connection.Completion.InTime();
        await FiredAsync(connection.Closed);
        Assert.That(connection.End, Is.EqualTo(end));
        Assert.That(connection.IsOpen, Is.False);
        Assert.That(connection.Broker.Connections, Does.Not.Contain(connection));
    }

    private static async Task FiredAsync(CancellationToken token)
    {
        var fired = new TaskCompletionSource();
        using var registration = token.Register(fired.SetResult);
        await fired.Task.InTime();
    }

    private GhmsBroker Make(Action<GhmsTestBuilder>? configure = null) => BuildJoined(builder =>
    {
        builder.AddJson().AddMessage<Greeting>();
        configure?.Invoke(builder);
    });
}
