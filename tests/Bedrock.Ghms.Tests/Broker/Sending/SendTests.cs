using System.Collections.Immutable;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Patterns;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Sending;

internal sealed class SendTests : JoinFixture
{
    private const string Hello = """{"Word":"hello"}""";

    [Test]
    public async Task A_message_to_all_reaches_every_connection()
    {
        var broker = Make();
        var joined = await JoinManyAsync(broker, 3);
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(3));
        foreach (var (_, peer) in joined)
        {
            Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, Hello)));
        }
    }

    [Test]
    public async Task A_message_to_some_reaches_those_and_duplicates_count_once()
    {
        var broker = Make();
        var joined = await JoinManyAsync(broker, 3);
        var (first, last) = (joined[0].Connection, joined[2].Connection);
        Assert.That(await broker.SendAsync(new Greeting("hello"), [first, last, first, first, last]), Is.EqualTo(2));
        Assert.That(await broker.SendAsync(new Farewell("bye")), Is.EqualTo(3));
        Assert.That((await joined[0].Peer.ReadTextAsync()).Code, Is.EqualTo(10));
        Assert.That((await joined[0].Peer.ReadTextAsync()).Code, Is.EqualTo(11), "once");
        Assert.That((await joined[1].Peer.ReadTextAsync()).Code, Is.EqualTo(11), "not named");
        Assert.That((await joined[2].Peer.ReadTextAsync()).Code, Is.EqualTo(10));
    }

    [Test]
    public async Task One_connection_named_many_times_receives_one_message()
    {
        var broker = Make();
        var (connection, peer) = await JoinAsync(broker);
        Assert.That(await broker.SendAsync(new Greeting("hello"), [connection, connection]), Is.EqualTo(1));
        await connection.SendAsync(new Farewell("bye"));
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(10));
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(11));
    }

    [Test]
    public async Task An_explicit_empty_set_is_nobody_with_connections_and_without()
    {
        var broker = Make();
        Assert.That(await broker.SendAsync(new Greeting("hello"), []), Is.Zero);
        await JoinAsync(broker);
        Assert.That(await broker.SendAsync(new Greeting("hello"), []), Is.Zero);
        Assert.That(await broker.SendAsync(new Greeting("hello"), Recipients.Exactly([])), Is.Zero);
        Assert.That(broker.GetStats().Sent, Is.Zero);
    }

    [Test]
    public void All_with_nobody_connected_is_the_no_connections_error() =>
        Assert.That(async () => await Make().SendAsync(new Greeting("hello")), Throws.TypeOf<GhmsNoConnectionsException>());

    [Test]
    public async Task All_again_is_the_no_connections_error_once_everybody_has_left()
    {
        var broker = Make();
        await (await JoinAsync(broker)).LeaveAsync();
        Assert.That(async () => await broker.SendAsync(new Greeting("hello")), Throws.TypeOf<GhmsNoConnectionsException>());
    }

    [Test]
    public async Task A_connection_of_another_broker_is_an_argument_error()
    {
        var (broker, other) = (Make(), Make());
        var mine = await JoinAsync(broker);
        var foreign = (await JoinAsync(other)).Connection;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await broker.SendAsync(new Greeting("hello"), [foreign]), Throws.ArgumentException.With.Message.Contains(foreign.Id));
            Assert.That(async () => await broker.SendAsync(new Greeting("hello"), [mine.Connection, foreign]), Throws.ArgumentException);
            Assert.That(async () => await broker.SendAsync(new Greeting("hello"), Recipients.Of(foreign)), Throws.ArgumentException);
            Assert.That(async () => await broker.SendAsync(new Greeting("hello"), Recipients.Exactly(foreign)), Throws.ArgumentException);
            Assert.That(async () => await broker.SendAsync(new Greeting("hello"), [null!]), Throws.ArgumentException);
        }

        await mine.Connection.SendAsync(new Farewell("bye"));
        Assert.That((await mine.Peer.ReadTextAsync()).Code, Is.EqualTo(11), "nobody received a message of a failed call");
    }

    [Test]
    public async Task An_ended_connection_is_skipped_among_all_and_an_error_by_name()
    {
        var broker = Make();
        var joined = await JoinManyAsync(broker, 3);
        await joined[1].LeaveAsync();
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(2));
        var all = joined.Select(one => one.Connection).ToArray();
        var error = await Assert.ThrowsAsync<GhmsConnectionClosedException>(async () => await broker.SendAsync(new Greeting("hello"), all));
        Assert.That(error!.Message, Does.Contain(joined[1].Connection.Id).And.Contain("2 others"));
        Assert.That(async () => await broker.SendAsync(new Greeting("hello"), [all[1]]), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(async () => await all[1].SendAsync(new Greeting("hello")), Throws.TypeOf<GhmsConnectionClosedException>());
        foreach (var one in new[] { joined[0], joined[2] })
        {
            Assert.That((await one.Peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
            Assert.That((await one.Peer.ReadTextAsync()).Text, Is.EqualTo(Hello), "the rest receive");
        }
    }

    [Test]
    public async Task A_pattern_does_not_hide_that_everyone_named_has_ended()
    {
        var broker = Make(new RoundRobinPattern());
        var (gone, here) = (await JoinAsync(broker), await JoinAsync(broker));
        await gone.LeaveAsync();
        Assert.That(async () => await broker.SendAsync(new Greeting("hello"), [gone.Connection]), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(await broker.SendAsync(new Greeting("hello"), [gone.Connection, here.Connection]), Is.EqualTo(1));
    }

    [Test]
    public async Task What_ends_between_the_choice_and_the_send_is_skipped_among_all()
    {
        var closing = new ClosingPattern();
        var broker = Make(closing);
        var (connection, peer) = await JoinAsync(broker);
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.Zero);
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.Normal));
        Assert.That(connection.IsOpen, Is.False);
    }

    [Test]
    public async Task Failures_are_gathered_and_the_rest_receive()
    {
        var broker = Make();
        var (roomy, tight, gone) = (await JoinAsync(broker), await JoinAsync(broker, fields: "GHMS-Max-Message-Size: 10\r\n"), await JoinAsync(broker));
        await gone.LeaveAsync();
        var error = await Assert.ThrowsAsync<GhmsSendFailedException>(
            async () => await broker.SendAsync(new Greeting("hello"), [tight.Connection, roomy.Connection, gone.Connection]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Accepted, Is.EqualTo(1));
            Assert.That(error.Failures.Select(failure => failure.Connection), Is.EquivalentTo(new[] { tight.Connection, gone.Connection }));
            Assert.That(error.Failures.Select(failure => failure.Exception), Has.One.TypeOf<GhmsMessageTooLargeException>().And.One.TypeOf<GhmsConnectionClosedException>());
            Assert.That(error.Message, Does.Contain(tight.Connection.Id).And.Contain(gone.Connection.Id));
            Assert.That((await roomy.Peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
        }
    }

    [Test]
    public async Task An_error_about_many_names_the_first_and_counts_the_others()
    {
        var broker = Make();
        var joined = await JoinManyAsync(broker, 7);
        foreach (var one in joined)
        {
            await one.LeaveAsync();
        }

        var error = await Assert.ThrowsAsync<GhmsConnectionClosedException>(
            async () => await broker.SendAsync(new Greeting("hello"), [.. joined.Select(one => one.Connection)]));
        Assert.That(error!.Message, Does.Contain(joined[4].Connection.Id).And.Not.Contain(joined[5].Connection.Id).And.Contain("and 2 more"));
    }

    [Test]
    public async Task A_message_too_big_to_send_leaves_the_connection_usable()
    {
        var broker = BuildJoined(builder => Configure(builder).Configure(options => options.MaxMessageSize = 20));
        var (one, two) = (await JoinAsync(broker), await JoinAsync(broker));
        var big = new Greeting(new string('x', 100));
        Assert.That(async () => await one.Connection.SendAsync(big), Throws.TypeOf<GhmsMessageTooLargeException>());
        var error = await Assert.ThrowsAsync<GhmsSendFailedException>(async () => await broker.SendAsync(big));
        Assert.That(error!.Failures.Select(failure => failure.Exception), Is.All.TypeOf<GhmsMessageTooLargeException>());
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(2));
        Assert.That((await one.Peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
        Assert.That((await two.Peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
    }

    [Test]
    public async Task A_peer_that_accepts_less_fails_only_itself()
    {
        var broker = Make();
        var (tight, roomy) = (await JoinAsync(broker, fields: "GHMS-Max-Message-Size: 15\r\n"), await JoinAsync(broker));
        var error = await Assert.ThrowsAsync<GhmsSendFailedException>(async () => await broker.SendAsync(new Greeting("hello")));
        Assert.That(error!.Failures.Single().Connection, Is.SameAs(tight.Connection));
        Assert.That(async () => await tight.Connection.SendAsync(new Greeting("hello")), Throws.TypeOf<GhmsMessageTooLargeException>());
        Assert.That(await broker.SendAsync(new Greeting("hell")), Is.EqualTo(2));
        Assert.That((await roomy.Peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
        Assert.That((await tight.Peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"hell"}"""));
    }

    [Test]
    public async Task A_type_that_is_not_registered_is_refused_by_every_sender()
    {
        var broker = Make();
        var (connection, _) = await JoinAsync(broker);
        await JoinAsync(broker);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await connection.SendAsync("text"), Throws.TypeOf<GhmsInvalidMessageCodeException>().With.Message.Contains("String"));
            Assert.That(async () => await broker.SendAsync("text"), Throws.TypeOf<GhmsInvalidMessageCodeException>());
            Assert.That(async () => await broker.SendAsync("text", [connection]), Throws.TypeOf<GhmsInvalidMessageCodeException>());
            Assert.That(async () => await broker.SendAsync(null!), Throws.ArgumentNullException);
            Assert.That(async () => await connection.SendAsync(null!), Throws.ArgumentNullException);
        }
    }

    [Test]
    public async Task A_closed_broker_sends_nothing()
    {
        var broker = Make();
        var (connection, peer) = await JoinAsync(broker);
        var closed = broker.CloseAsync();
        await peer.ReadCloseAsync();
        await closed.InTime();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await broker.SendAsync(new Greeting("hello")), Throws.TypeOf<GhmsConnectionClosedException>());
            Assert.That(async () => await broker.SendAsync(new Greeting("hello"), []), Throws.TypeOf<GhmsConnectionClosedException>());
            Assert.That(async () => await connection.SendAsync(new Greeting("hello")), Throws.TypeOf<GhmsConnectionClosedException>());
        }
    }

    [Test]
    public async Task A_token_that_has_fired_sends_nothing()
    {
        var broker = Make();
        var (connection, peer) = await JoinAsync(broker);
        var fired = new CancellationToken(canceled: true);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await broker.SendAsync(new Greeting("hello"), fired), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(async () => await broker.SendAsync(new Greeting("hello"), [connection], fired), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(async () => await connection.SendAsync(new Greeting("hello"), fired), Throws.InstanceOf<OperationCanceledException>());
        }

        await connection.SendAsync(new Farewell("bye"));
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(11));
    }

    [Test]
    public async Task Flush_completes_when_what_was_accepted_is_with_the_transport()
    {
        var broker = Make();
        await broker.FlushAsync().InTime();
        var (connection, peer) = await JoinAsync(broker);
        await broker.SendAsync(new Greeting("hello"));
        await broker.FlushAsync().InTime();
        await connection.FlushAsync().InTime();
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
    }

    [Test]
    public async Task Count_and_stats_count_messages_only()
    {
        var broker = BuildJoined(builder => Configure(builder).HandleOthers((_, _, _) => ValueTask.CompletedTask));
        Assert.That((broker.Count, broker.GetStats()), Is.EqualTo((0, new BrokerStats(0, 0, 0, 0))));
        var (one, two) = (await JoinAsync(broker), await JoinAsync(broker));
        Assert.That((broker.Count, broker.Connections.Count), Is.EqualTo((2, 2)));
        await broker.SendAsync(new Greeting("hello"));
        await one.Connection.SendAsync(new Greeting("hello"));
        await one.Peer.SendFrameAsync(Ghms.HeartbeatCode, "");
        await one.Peer.SendFrameAsync(10, Hello);
        await one.Peer.SendFrameAsync(11, Hello);
        await two.Peer.SendFrameAsync(Ghms.HeartbeatCode, "");
        await one.LeaveAsync();
        var closed = two.Connection.CloseAsync();
        Assert.That((await two.Peer.ReadTextAsync()).Text, Is.EqualTo(Hello));

        await two.Peer.ReadCloseAsync();
        await closed.InTime();
        await two.Connection.Completion.InTime();
        Assert.That((broker.Count, broker.GetStats()), Is.EqualTo((0, new BrokerStats(Sent: 3, Received: 2, Dropped: 0, Unhandled: 0))));
    }

    private static GhmsTestBuilder Configure(GhmsTestBuilder builder) =>
        builder.AddJson().AddMessage<Greeting>().AddMessage<Farewell>();

    private GhmsBroker Make(IDistributionPattern? pattern = null) =>
        BuildJoined(builder => Configure(builder).UsePattern(pattern ?? new PublishPattern()));

    /// <summary>Chooses a connection and closes it before it can be sent to.</summary>
    private sealed class ClosingPattern : IDistributionPattern
    {
        public Recipients Choose(object message, ImmutableArray<GhmsConnection> candidates)
        {
            _ = candidates[0].CloseAsync();
            return Recipients.Exactly(candidates[0]);
        }
    }
}
