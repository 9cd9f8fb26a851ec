using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Tests.Client.Reconnecting;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>Subscriptions of a client that gets another connection.</summary>
internal sealed class RestoreTests : ReconnectFixture
{
    private bool _isAllowed = true;

    [Test]
    public async Task Subscriptions_are_restored_before_anything_else_is_sent()
    {
        Network.Up(BuildTopics());
        var client = BuildListener(options => options.MaxWaitingSends = 10);
        await client.ConnectAsync().InTime();
        await using var first = await client.SubscribeAsync<Greeting>("a", (_, _, _) => default);
        await using var second = await client.SubscribeAsync<Greeting>("a", (_, _, _) => default);
        await UntilAsync(GhmsClientState.Connected);
        Time.Advance(TimeSpan.FromSeconds(5));
        var scripted = new ScriptedServer(ScriptedServer.Accepts);
        Network.Script(scripted);
        Network.Break();
        await UntilAsync(GhmsClientState.Connecting);
        var publishing = client.PublishAsync("b", new Greeting("waits")).AsTask();
        var peer = await PeerAsync(scripted);
        await peer.ReadHeadAsync();
        Assert.That(await peer.ReadFrameAsync(), Is.EqualTo((TopicPeer.Subscription, Subscription("a"))).Using<(uint, byte[])>((x, y) => x.Item1 == y.Item1 && x.Item2.SequenceEqual(y.Item2)));
        Assert.That((publishing.IsCompleted, client.State, first.IsActive), Is.EqualTo((false, GhmsClientState.Connecting, false)));
        await peer.SendAsync(RawPeer.Frame(TopicPeer.Result, [0, .. Subscription("a")]));
        await publishing.InTime();
        await UntilAsync(GhmsClientState.Connected);
        Assert.That((await peer.ReadFrameAsync())?.Code, Is.EqualTo(TopicPeer.Publication));
        Assert.That((first.IsActive, second.IsActive), Is.EqualTo((true, true)));
        await peer.FinishAsync();
    }

    [Test]
    public async Task A_subscription_lives_on_and_retained_values_come_again()
    {
        var server = BuildTopics();
        await server.PublishAsync("state/x", new Greeting("kept"));
        Network.Up(server);
        var client = BuildListener();
        await client.ConnectAsync().InTime();
        var got = System.Threading.Channels.Channel.CreateUnbounded<string>();
        var subscription = await client.SubscribeAsync<Greeting>("state/#", (_, greeting, _) => got.Writer.WriteAsync(greeting.Word, CancellationToken.None));
        Assert.That(await got.Reader.ReadAsync().InTime(), Is.EqualTo("kept"));
        for (var i = 0; i < 3; i++)
        {
            await LoseAsync(server);
            Assert.That(await got.Reader.ReadAsync().InTime(), Is.EqualTo("kept"));
            Assert.That(await server.PublishAsync("state/y", new Greeting($"{i}")), Is.EqualTo(1));
            Assert.That(await got.Reader.ReadAsync().InTime(), Is.EqualTo($"{i}"));
            await server.ClearRetainedAsync("state/y");
        }

        await subscription.DisposeAsync();
        Assert.That(subscription.IsActive, Is.False);
        Assert.That(await server.PublishAsync("state/y", new Greeting("nobody")), Is.Zero);
        await LoseAsync(server);
        Assert.That(await server.PublishAsync("state/y", new Greeting("nobody")), Is.Zero);
    }

    [Test]
    public async Task What_is_disposed_of_without_a_connection_is_not_restored()
    {
        var server = BuildTopics();
        Network.Up(server);
        var client = BuildListener();
        await client.ConnectAsync().InTime();
        await using var kept = await client.SubscribeAsync<Greeting>("kept", (_, _, _) => default);
        var dropped = await client.SubscribeAsync<Greeting>("dropped", (_, _, _) => default);
        await UntilAsync(GhmsClientState.Connected);
        Time.Advance(TimeSpan.FromSeconds(5));
        Network.Down();
        Network.Break();
        await UntilAsync(GhmsClientState.Waiting);
        Assert.That(kept.IsActive, Is.False);
        await dropped.DisposeAsync().AsTask().InTime();
        Network.Up(server);
        Time.Advance(Ms(100));
        await UntilAsync(GhmsClientState.Connected);
        await UntilAloneAsync(server);
        Assert.That(kept.IsActive, Is.True);
        Assert.That(await server.PublishAsync("kept", new Greeting("x")), Is.EqualTo(1));
        Assert.That(await server.PublishAsync("dropped", new Greeting("x")), Is.Zero);
    }

    [Test]
    public async Task Whoever_subscribes_without_a_connection_waits_for_one_however_long_it_takes()
    {
        var server = BuildTopics();
        Network.Down();
        var client = BuildListener();
        var early = client.SubscribeAsync<Greeting>("early", (_, _, _) => default);
        var connecting = client.ConnectAsync();
        await UntilAsync(GhmsClientState.Waiting);
        using var stop = new CancellationTokenSource();
        var stopped = client.SubscribeAsync<Greeting>("stopped", (_, _, _) => default, stop.Token);
        var late = client.SubscribeAsync<Greeting>("late", (_, _, _) => default);
        Assert.That(async () => await client.PublishAsync("late", new Greeting("x")), Throws.TypeOf<GhmsConnectionClosedException>());
        for (var i = 0; i < 10; i++)
        {
            Time.Advance(client.Broker.Options.Timeout);
            await UntilAsync(GhmsClientState.Waiting);
        }

        await stop.CancelAsync();
        Assert.That(async () => await stopped.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That((early.IsCompleted, late.IsCompleted), Is.EqualTo((false, false)));
        Network.Up(server);
        Time.Advance(TimeSpan.FromSeconds(10));
        await using var first = await early.InTime();
        await using var second = await late.InTime();
        await connecting.InTime();
        Assert.That(await server.PublishAsync("early", new Greeting("x")), Is.EqualTo(1));
        Assert.That(await server.PublishAsync("late", new Greeting("x")), Is.EqualTo(1));
        Assert.That(await server.PublishAsync("stopped", new Greeting("x")), Is.Zero);
    }

    [Test]
    public async Task A_server_that_is_lost_before_it_has_answered_is_asked_again()
    {
        var silent = new ScriptedServer(ScriptedServer.Accepts);
        Network.Script(silent);
        var client = BuildListener();
        var connecting = client.ConnectAsync();
        var peer = await PeerAsync(silent);
        await peer.ReadHeadAsync();
        await connecting.InTime();
        var subscribing = client.SubscribeAsync<Greeting>("a", (_, _, _) => default);
        await peer.ReadFrameAsync();
        var server = BuildTopics();
        Network.Up(server);
        await peer.FinishAsync();
        await ExpectWaitAsync(Ms(100));
        await using var subscription = await subscribing.InTime();
        Assert.That(await server.PublishAsync("a", new Greeting("x")), Is.EqualTo(1));
    }

    [Test]
    public async Task Nobody_waits_for_a_client_that_has_given_up()
    {
        Network.Down();
        var client = BuildListener(options => options.MaxAttempts = 1);
        var early = client.SubscribeAsync<Greeting>("early", (_, _, _) => default);
        await Assert.ThatAsync(() => client.ConnectAsync().InTime(), Throws.Exception);
        await Assert.ThatAsync(() => early.InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
        await Assert.ThatAsync(() => client.SubscribeAsync<Greeting>("late", (_, _, _) => default).InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
        Network.Up(BuildTopics());
        await client.ConnectAsync().InTime();
        await using var subscription = await client.SubscribeAsync<Greeting>("again", (_, _, _) => default).InTime();
        await client.CloseAsync().InTime();
        await Assert.ThatAsync(() => client.SubscribeAsync<Greeting>("closed", (_, _, _) => default).InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task A_refusal_is_logged_and_ends_no_more_than_an_enumeration()
    {
        var server = BuildTopics();
        Network.Up(server);
        var client = BuildListener();
        await client.ConnectAsync().InTime();
        await using var subscription = await client.SubscribeAsync<Greeting>("a/#", (_, _, _) => default);
        await using var other = await client.SubscribeAsync<Greeting>("b", (_, _, _) => default);
        await using var messages = client.ReadAsync<Greeting>("a/#", TopicOverflow.Wait).GetAsyncEnumerator();
        var next = messages.MoveNextAsync();
        _isAllowed = false;
        await LoseAsync(server);
        Assert.That(async () => await next.InTime(), Throws.TypeOf<GhmsSubscriptionException>());
        Assert.That((subscription.IsActive, other.IsActive), Is.EqualTo((false, true)));
        Assert.That(Services.Log.Single(record => record.Event.Name == "SubscriptionNotRestored").Text, Does.Contain("a/#").And.Contain("NotAllowed"));
        var again = await Assert.ThrowsAsync<GhmsSubscriptionException>(() => client.SubscribeAsync<Greeting>("a/#", (_, _, _) => default).InTime());
        Assert.That(again!.Outcome, Is.EqualTo(SubscriptionOutcome.NotAllowed));
        _isAllowed = true;
        await LoseAsync(server);
        Assert.That(subscription.IsActive, Is.True);
    }

    [Test]
    public async Task An_enumeration_goes_on_over_a_reconnection_and_ends_with_the_client()
    {
        var server = BuildTopics();
        Network.Up(server);
        var client = BuildListener();
        await client.ConnectAsync().InTime();
        await using var messages = client.ReadAsync<Greeting>("a", TopicOverflow.Wait).GetAsyncEnumerator();
        var next = messages.MoveNextAsync().AsTask();
        await PublishUntilTakenAsync(server);
        Assert.That(await next.InTime(), Is.True);
        next = messages.MoveNextAsync().AsTask();
        await LoseAsync(server);
        Assert.That(await server.PublishAsync("a", new Greeting("after")), Is.EqualTo(1));
        Assert.That(await next.InTime(), Is.True);
        Assert.That(messages.Current.Message, Is.EqualTo(new Greeting("after")));
        next = messages.MoveNextAsync().AsTask();
        await client.CloseAsync().InTime();
        Assert.That(async () => await next.InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task A_server_that_does_not_answer_has_failed_the_attempt()
    {
        Network.Up(BuildTopics());
        var client = BuildListener(configure: builder => builder.Configure(options => options.Timeout = TimeSpan.FromSeconds(8)));
        await client.ConnectAsync().InTime();
        var subscription = await client.SubscribeAsync<Greeting>("a", (_, _, _) => default);
        var peer = await ComeToSilentServerAsync();
        Time.Advance(TimeSpan.FromSeconds(8));

        // The connection is silent for as long, so either may be noticed first.
        Assert.That((await UntilAsync(GhmsClientState.Waiting)).Cause, Is.InstanceOf<TimeoutException>().Or.InstanceOf<GhmsConnectionClosedException>());
        await peer.FinishAsync();
        Network.Up(BuildTopics());
        Time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(GhmsClientState.Connected);
        Assert.That(subscription.IsActive, Is.True);
    }

    [Test]
    public async Task Restoring_is_a_part_of_the_attempt_and_has_to_be_done_in_its_time()
    {
        Network.Up(BuildTopics());
        var client = BuildListener(options => options.AttemptTimeout = TimeSpan.FromSeconds(3));
        await client.ConnectAsync().InTime();

        // It ends with the client: its end would wait, on a clock that stands still, for a restoration that goes on by mistake.
        await client.SubscribeAsync<Greeting>("a", (_, _, _) => default);
        var peer = await ComeToSilentServerAsync();
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.That((await UntilAsync(GhmsClientState.Waiting)).Cause, Is.InstanceOf<TimeoutException>());
        await peer.FinishAsync();
    }

    [Test]
    public async Task Subscriptions_that_come_and_go_meanwhile_end_up_right()
    {
        var server = BuildTopics();
        Network.Up(server);

        // The clock runs ahead of threads that wait for a processor, whose time is not over for that.
        var client = BuildListener(options => options.MaxWaitingSends = 100, builder => builder.Configure(options => options.Timeout = TimeSpan.FromHours(1)));
        await client.ConnectAsync().InTime();
        using var stop = new CancellationTokenSource();
        var churning = Enumerable.Range(0, 4).Select(number => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await using var subscription = await client.SubscribeAsync<Greeting>($"f/{number % 2}", (_, _, _) => default);
                }
                catch (GhmsConnectionClosedException)
                {
                    // The connection ended before the server had answered.
                }
            }
        })).ToArray();
        for (var i = 0; i < 20; i++)
        {
            await LoseAsync(server);
        }

        await stop.CancelAsync();
        await Task.WhenAll(churning).InTime();
        await using var left = await client.SubscribeAsync<Greeting>("f/0", (_, _, _) => default).InTime();
        Assert.That(await server.PublishAsync("f/0", new Greeting("x")), Is.EqualTo(1));
        Assert.That(await server.PublishAsync("f/1", new Greeting("x")), Is.Zero);
    }

    private GhmsBroker BuildTopics() => BuildServer(builder => builder.AddTopics(options =>
    {
        options.Retains = topic => topic.StartsWith("state/", StringComparison.Ordinal);
        options.CanSubscribe = (_, filter) => new(_isAllowed || !filter.StartsWith('a'));
    }));

    private GhmsClient BuildListener(Action<GhmsReconnectOptions>? reconnect = null, Action<GhmsClientBuilder>? configure = null) =>
        BuildClient(reconnect, builder =>
        {
            builder.AddTopics();
            configure?.Invoke(builder);
        });

    // It takes the subscription and does not answer.
    private async Task<RawPeer> ComeToSilentServerAsync()
    {
        await UntilAsync(GhmsClientState.Connected);
        Time.Advance(TimeSpan.FromSeconds(5));
        var silent = new ScriptedServer(ScriptedServer.Accepts);
        Network.Script(silent);
        Network.Break();
        var peer = await PeerAsync(silent);
        await peer.ReadHeadAsync();
        await peer.ReadFrameAsync();
        return peer;
    }

    // The client may be back before the server has noticed that it was gone.
    private async Task LoseAsync(GhmsBroker server)
    {
        while (Changes.Reader.TryRead(out _))
        {
        }

        Time.Advance(TimeSpan.FromSeconds(5));
        Network.Break();
        await UntilAsync(GhmsClientState.Connected);
        await UntilAloneAsync(server);
    }

    private static async Task UntilAloneAsync(GhmsBroker server)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (server.Count > 1)
        {
            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static byte[] Subscription(string filter) => [1, .. Encoding.UTF8.GetBytes(filter)];

    // Another thread adds the peer, and behind it the transport: a list counts what it is about to hold.
    private static async Task<RawPeer> PeerAsync(ScriptedServer server)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (server.Transports.Count == 0)
        {
            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        return server.Peers[0];
    }

    private static async Task PublishUntilTakenAsync(GhmsBroker server)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await server.PublishAsync("a", new Greeting("before")) == 0)
        {
            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
