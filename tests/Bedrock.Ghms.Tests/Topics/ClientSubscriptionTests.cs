using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

internal sealed class ClientSubscriptionTests : ClientFixture
{
    [Test]
    public async Task Clients_publish_to_each_other()
    {
        var (server, _) = BuildServer();
        var (alice, bob) = (await ConnectClientAsync(server), await ConnectClientAsync(server));
        var (handler, got) = Collect<Greeting>();
        await using var subscription = await alice.SubscribeAsync("orders/+/created", handler);
        Assert.That(subscription.Filter, Is.EqualTo("orders/+/created"));
        await bob.PublishAsync("orders/5/created", new Greeting("hello"));
        Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("orders/5/created: Greeting { Word = hello }"));
    }

    [Test]
    public async Task Messages_of_other_types_are_passed_over()
    {
        var (server, _) = BuildServer();
        var client = await ConnectClientAsync(server);
        var (farewells, gotFarewells) = Collect<Farewell>();
        var (all, gotAll) = Collect<object>();
        await using var some = await client.SubscribeAsync("a", farewells);
        await using var every = await client.SubscribeAsync("a", all);
        await client.PublishAsync("a", new Greeting("1"));
        await client.PublishAsync("a", new Farewell("2"));
        Assert.That(await gotAll.ReadAsync().InTime(), Is.EqualTo("a: Greeting { Word = 1 }"));
        Assert.That(await gotAll.ReadAsync().InTime(), Is.EqualTo("a: Farewell { Word = 2 }"));
        Assert.That(await gotFarewells.ReadAsync().InTime(), Is.EqualTo("a: Farewell { Word = 2 }"));
        Assert.That(async () => await client.SubscribeAsync<Uri>("a", (_, _, _) => default), Throws.TypeOf<GhmsInvalidMessageCodeException>());
    }

    [Test]
    public async Task A_filter_goes_over_the_wire_once_from_its_first_subscription_to_its_last()
    {
        var (server, received) = BuildServer();
        var client = await ConnectClientAsync(server);
        var (handler, got) = Collect<Greeting>();
        var subscriptions = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.SubscribeAsync("a/#", handler)));
        Assert.That(received.Count("Subscription"), Is.EqualTo(1));
        await client.PublishAsync("a", new Greeting("x"));
        for (var i = 0; i < 10; i++)
        {
            await got.ReadAsync().InTime();
        }

        await Task.WhenAll(subscriptions.Skip(1).Select(subscription => subscription.DisposeAsync().AsTask()));
        await subscriptions[1].DisposeAsync();
        Assert.That(received.Count("Subscription"), Is.EqualTo(1));
        await subscriptions[0].DisposeAsync();
        Assert.That(received.Count("Subscription"), Is.EqualTo(2));
        Assert.That(await server.PublishAsync("a", new Greeting("nobody")), Is.Zero);
        await using var again = await client.SubscribeAsync("a/#", handler);
        Assert.That(await server.PublishAsync("a", new Greeting("again")), Is.EqualTo(1));
        Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("a: Greeting { Word = again }"));
    }

    [TestCase("secret/#", SubscriptionOutcome.NotAllowed)]
    [TestCase("third", SubscriptionOutcome.TooMany)]
    [TestCase("toolong", SubscriptionOutcome.BadFilter)]
    public async Task A_refusal_says_what_the_server_said(string filter, SubscriptionOutcome outcome)
    {
        var (server, _) = BuildServer(options =>
        {
            options.MaxFilters = 2;
            options.MaxFilterLength = 6;
            options.CanSubscribe = (_, asked) => new ValueTask<bool>(asked != "secret");
        });
        var client = await ConnectClientAsync(server);
        await using var first = await client.SubscribeAsync<object>("first", (_, _, _) => default);
        await using var second = await client.SubscribeAsync<object>("second", (_, _, _) => default);
        filter = outcome == SubscriptionOutcome.NotAllowed ? "secret" : filter;
        var error = await Assert.ThrowsAsync<GhmsSubscriptionException>(() => client.SubscribeAsync<object>(filter, (_, _, _) => default));
        Assert.That((error!.Code, error.Filter, error.Outcome), Is.EqualTo((GhmsError.SubscriptionRefused, filter, outcome)));
    }

    [Test]
    public async Task Retained_values_come_to_the_handler()
    {
        var (server, _) = BuildServer(options => options.Retains = _ => true);
        await server.PublishAsync("state/a", new Greeting("kept"));
        var client = await ConnectClientAsync(server);
        for (var i = 0; i < 50; i++)
        {
            var (handler, got) = Collect<Greeting>();
            await using var subscription = await client.SubscribeAsync("state/#", handler);
            Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("state/a: Greeting { Word = kept }"));
        }

        await client.ClearRetainedAsync("state/a");
        await client.PublishAsync("state/b", new Greeting("other"));
        var (late, gotLate) = Collect<Greeting>();
        await using var last = await client.SubscribeAsync("state/#", late);
        Assert.That(await gotLate.ReadAsync().InTime(), Is.EqualTo("state/b: Greeting { Word = other }"));
    }

    [Test]
    public async Task A_handler_may_subscribe_and_end_its_own_subscription()
    {
        var (server, _) = BuildServer();
        var client = await ConnectClientAsync(server);
        var (handler, got) = Collect<Greeting>();
        TopicSubscription? own = null;
        own = await client.SubscribeAsync<Greeting>("a", async (topic, message, ct) =>
        {
            await own!.DisposeAsync();
            await client.SubscribeAsync("b", handler, ct);
            await handler(topic, message, ct);
        });
        await server.PublishAsync("a", new Greeting("1"));
        Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("a: Greeting { Word = 1 }"));
        Assert.That(await server.PublishAsync("a", new Greeting("2")), Is.Zero);
        await server.PublishAsync("b", new Greeting("3"));
        Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("b: Greeting { Word = 3 }"));
    }

    [Test]
    public async Task What_is_received_and_published_goes_through_the_pipes_behind_the_topics()
    {
        var (server, _) = BuildServer();
        var client = await ConnectClientAsync(server, builder => builder.UsePipe(new Shouting()));
        var (handler, got) = Collect<Greeting>();
        await using var subscription = await client.SubscribeAsync("#", handler);
        await client.PublishAsync("a", new Greeting("hello"));
        Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("a: Greeting { Word = hello!? }"));
        await server.PublishAsync("a", new Greeting("swallow"));
        await server.PublishAsync("a", new Greeting("bye"));
        Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("a: Greeting { Word = bye? }"));
    }

    [TestCase(77u, "unknown code")]
    [TestCase(10u, "no\nJSON")]
    public async Task What_cannot_be_decoded_is_counted_logged_and_dropped(uint code, string payload)
    {
        var (server, _) = BuildServer();
        var client = await ConnectClientAsync(server);
        var (handler, got) = Collect<Greeting>();
        await using var subscription = await client.SubscribeAsync("#", handler);
        var peer = await ConnectAsync(server);
        await peer.PublishAsync("a\n", code, payload);
        await peer.GreetAsync("b", "next");
        Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("b: Greeting { Word = next }"));
        Assert.That(client.Broker.GetTopicStats().Undecodable, Is.EqualTo(1));
        Assert.That(Services.Log.Single(record => record.Event.Name == "PublicationUndecodable").Text, Does.Contain(@"a\n").And.Not.Contain("\n"));
    }

    [Test]
    public async Task A_handler_that_fails_ends_the_connection()
    {
        ExpectsErrors = true;
        var (server, _) = BuildServer();
        var client = await ConnectClientAsync(server);
        await client.SubscribeAsync<Greeting>("a", (_, _, _) => throw new InvalidOperationException("no"));
        await server.PublishAsync("a", new Greeting(""));
        await client.Connection.Completion.InTime();
        Assert.That(client.Connection.End!.Status, Is.EqualTo(CloseStatus.HandlerFailed));
    }

    [Test]
    public async Task The_end_of_the_connection_ends_waiting_and_subscriptions()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (server, _) = BuildServer(options => options.CanSubscribe = async (connection, filter) =>
        {
            if (filter == "slow")
            {
                asked.SetResult();
                await connection.Completion.WaitAsync(connection.Closed).ConfigureAwait(ConfigureAwaitOptions.None);
            }

            return true;
        });
        var client = await ConnectClientAsync(server);
        var subscription = await client.SubscribeAsync<Greeting>("quick", (_, _, _) => default);
        var waiting = client.SubscribeAsync<Greeting>("slow", (_, _, _) => default);
        await asked.Task.InTime();
        await client.CloseAsync();
        Assert.That(async () => await waiting.InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
        await subscription.DisposeAsync().AsTask().InTime();
        Assert.That(async () => await client.SubscribeAsync<Greeting>("a", (_, _, _) => default), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(async () => await client.PublishAsync("a", new Greeting("")), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task A_subscription_that_was_given_up_ends_when_the_answer_comes()
    {
        var (asked, go) = (NewSource(), NewSource());
        var gone = NewSource();
        var (server, _) = BuildServer(options =>
        {
            options.CanSubscribe = async (_, _) =>
            {
                asked.TrySetResult();
                await go.Task;
                return true;
            };
            options.LastUnsubscribed = _ => gone.SetResult();
        });
        var client = await ConnectClientAsync(server);
        using var cancel = new CancellationTokenSource();
        var subscribing = client.SubscribeAsync<Greeting>("a", (_, _, _) => default, cancel.Token);
        await asked.Task.InTime();
        await cancel.CancelAsync();
        Assert.That(async () => await subscribing.InTime(), Throws.InstanceOf<OperationCanceledException>());
        go.SetResult();
        await gone.Task.InTime();
    }

    [Test]
    public async Task A_server_that_does_not_answer_is_waited_for_no_longer_than_the_time_out()
    {
        var (asked, heard) = (NewSource(), NewSource());
        var server = Build(builder => builder.AddJson().AddMessage<Greeting>()
            .Configure(options => options.Timeout = TimeSpan.FromHours(1))
            .AddTopics(options => options.CanSubscribe = async (connection, _) =>
            {
                asked.SetResult();
                await Task.Delay(Timeout.Infinite, connection.Closed);
                return true;
            }));
        var client = await ConnectClientAsync(server, builder => builder.Handle<Greeting>((_, _, _) =>
        {
            heard.SetResult();
            return ValueTask.CompletedTask;
        }));
        var subscribing = client.SubscribeAsync<Greeting>("a", (_, _, _) => default);
        await asked.Task.InTime();

        // The client hears something meanwhile, or its connection would end at the same moment.
        Time.Advance(TimeSpan.FromSeconds(20));
        await server.SendAsync(new Greeting("still here"));
        await heard.Task.InTime();
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(async () => await subscribing.InTime(), Throws.TypeOf<TimeoutException>());
    }

    [Test]
    public async Task A_result_that_nobody_asked_for_is_a_protocol_error()
    {
        var server = new ScriptedServer(ScriptedServer.Accepts);
        await using var client = await new GhmsClientBuilder().AddJson().AddTopics().UseConnectionFactory(server).ConnectAsync(new Uri("http://localhost/"));
        var peer = server.Peers.Single();
        await peer.ReadHeadAsync();
        await peer.SendAsync(RawPeer.Frame(TopicPeer.Result, [0, 1, .. Encoding.UTF8.GetBytes("a")]));
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.ProtocolError));
    }

    [Test]
    public async Task Mistakes_are_told_before_anything_is_sent()
    {
        var (server, received) = BuildServer();
        var client = await ConnectClientAsync(server);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await client.SubscribeAsync<object>("a/#/b", (_, _, _) => default), Throws.ArgumentException);
            Assert.That(() => client.ReadAsync<object>("", TopicOverflow.Wait), Throws.ArgumentException);
            Assert.That(() => client.ReadAsync<object>("a", TopicOverflow.Wait, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(async () => await client.PublishAsync("a/+", new Greeting("")), Throws.ArgumentException);
            Assert.That(async () => await client.PublishAsync("a", new Version(1, 2)), Throws.TypeOf<GhmsInvalidMessageCodeException>());
            Assert.That(async () => await client.ClearRetainedAsync("\0"), Throws.ArgumentException);
        }

        Assert.That(received.Types, Is.Empty);
        await using var without = await new GhmsClientBuilder().AddJson().UseConnectionFactory(new Testing.InMemoryServer(server)).ConnectAsync(new Uri("http://localhost/"));
        Assert.That(async () => await without.PublishAsync("a", new Greeting("")), Throws.InvalidOperationException);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Shouting : GhmsPipe
    {
        protected internal override ValueTask HandleAsync(
            GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken) =>
            message is Greeting("swallow") ? default : next(connection, message is Greeting(var word) ? new Greeting(word + "?") : message, cancellationToken);

        protected internal override ValueTask<int> SendAsync(
            object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken) =>
            next(message is Greeting(var word) ? new Greeting(word + "!") : message, recipients, cancellationToken);
    }
}
