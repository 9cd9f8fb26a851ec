using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>Subscriptions that are enumerated, at the reader's own pace.</summary>
internal sealed class ClientReadingTests : ClientFixture
{
    [Test]
    public async Task What_is_published_is_enumerated_until_the_reader_stops()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (server, _) = BuildServer(options => options.LastUnsubscribed = _ => gone.SetResult());
        var client = await ConnectClientAsync(server);
        await using (var messages = client.ReadAsync<Greeting>("a/+", TopicOverflow.DropOldest).GetAsyncEnumerator())
        {
            var first = messages.MoveNextAsync();
            await PublishUntilTakenAsync(() => server.PublishAsync("a/1", new Greeting("1")));
            Assert.That(await first.InTime(), Is.True);
            Assert.That(messages.Current, Is.EqualTo(new TopicMessage<Greeting>("a/1", new Greeting("1"))));
        }

        await gone.Task.InTime();
        Assert.That(await server.PublishAsync("a/1", new Greeting("3")), Is.Zero);
    }

    [TestCase(TopicOverflow.DropOldest, new[] { "8", "9" })]
    [TestCase(TopicOverflow.DropNewest, new[] { "0", "1" })]
    public async Task A_reader_that_is_too_slow_misses_what_the_policy_says_and_it_is_counted(TopicOverflow overflow, string[] left)
    {
        var (server, _) = BuildServer(options => options.Retains = topic => topic == "begin");
        var client = await ConnectClientAsync(server);
        await server.PublishAsync("begin", new Greeting("begin"));
        await using var messages = client.ReadAsync<Greeting>("#", overflow, capacity: 2).GetAsyncEnumerator();
        Assert.That(await messages.MoveNextAsync().InTime(), Is.True);
        var (handler, got) = Collect<Farewell>();
        await using var end = await client.SubscribeAsync("end", handler);
        for (var i = 0; i < 10; i++)
        {
            await server.PublishAsync("a", new Greeting($"{i}"));
        }

        await server.PublishAsync("end", new Farewell("all of them are here"));
        await got.ReadAsync().InTime();
        foreach (var expected in left)
        {
            Assert.That(await messages.MoveNextAsync().InTime(), Is.True);
            Assert.That(messages.Current.Message.Word, Is.EqualTo(expected));
        }

        Assert.That(client.Broker.GetTopicStats().Overflowed, Is.EqualTo(8));
    }

    [Test]
    public async Task A_reader_that_is_waited_for_misses_nothing_and_can_stop_while_the_connection_waits()
    {
        var (server, _) = BuildServer(options => options.Retains = topic => topic == "begin");
        var client = await ConnectClientAsync(server, builder => builder.Configure(options => options.LookAhead = 0));
        await server.PublishAsync("begin", new Greeting("begin"));
        await using (var messages = client.ReadAsync<Greeting>("#", TopicOverflow.Wait, capacity: 1).GetAsyncEnumerator())
        {
            Assert.That(await messages.MoveNextAsync().InTime(), Is.True);
            for (var i = 0; i < 100; i++)
            {
                await server.PublishAsync("a", new Greeting($"{i}"));
            }

            for (var i = 0; i < 50; i++)
            {
                Assert.That(await messages.MoveNextAsync().InTime(), Is.True);
                Assert.That(messages.Current.Message.Word, Is.EqualTo($"{i}"));
            }
        }

        Assert.That(client.Broker.GetTopicStats().Overflowed, Is.Zero);
        var (handler, got) = Collect<Greeting>();
        await using var subscription = await client.SubscribeAsync("a", handler);
        await server.PublishAsync("a", new Greeting("still here"));
        Assert.That(await got.ReadAsync().InTime(), Is.EqualTo("a: Greeting { Word = still here }"));
    }

    [Test]
    public async Task The_end_of_the_connection_is_no_end_of_the_messages()
    {
        var (server, _) = BuildServer(options => options.Retains = _ => true);
        var client = await ConnectClientAsync(server);
        await server.PublishAsync("a", new Greeting("1"));
        await using var messages = client.ReadAsync<Greeting>("#", TopicOverflow.DropNewest).GetAsyncEnumerator();
        Assert.That(await messages.MoveNextAsync().InTime(), Is.True);
        var next = messages.MoveNextAsync();
        await server.Connections[0].CloseAsync(CloseStatus.GoingAway);
        Assert.That(async () => await next.InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task A_token_ends_the_enumeration()
    {
        var (server, _) = BuildServer(options => options.Retains = _ => true);
        var client = await ConnectClientAsync(server);
        await server.PublishAsync("a", new Greeting("1"));
        using var cancel = new CancellationTokenSource();
        Assert.That(async () =>
        {
            await foreach (var message in client.ReadAsync<Greeting>("#", TopicOverflow.DropNewest, cancellationToken: cancel.Token))
            {
                await cancel.CancelAsync();
            }
        }, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await server.PublishAsync("a", new Greeting("2")), Is.Zero);
    }

    // The subscription begins with the first step, and nothing tells when it has.
    private static async Task PublishUntilTakenAsync(Func<ValueTask<int>> publish)
    {
        while (await publish() == 0)
        {
            await Task.Yield();
        }
    }
}
