using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;
using Bedrock.Ghms.Topics.Wire;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>Values that topics keep for those who subscribe later.</summary>
internal sealed class RetainedTests : BrokerFixture
{
    [Test]
    public async Task A_subscriber_gets_the_result_then_the_last_values_then_what_is_published()
    {
        var broker = BuildRetaining();
        var publisher = await ConnectAsync(broker);
        await publisher.GreetAsync("a/1", "old");
        await publisher.GreetAsync("a/1", "new");
        await publisher.GreetAsync("a/2", "two");
        await publisher.GreetAsync("b/1", "elsewhere");
        await publisher.ExpectNothingAsync();

        var subscriber = await ConnectAsync(broker);
        await subscriber.SubscribeAsync("a/+");
        var first = new[] { await subscriber.ReadGreetingAsync(), await subscriber.ReadGreetingAsync() };
        Assert.That(first, Is.EquivalentTo(new[] { "a/1: new", "a/2: two" }));
        await publisher.GreetAsync("a/1", "live");
        Assert.That(await subscriber.ReadGreetingAsync(), Is.EqualTo("a/1: live"));
        Assert.That(broker.GetTopicStats(), Is.EqualTo(new TopicStats { Retained = 3, RetainedBytes = 15 + 14 + 20 }));
    }

    [Test]
    public async Task Subscribing_again_brings_nothing_and_after_unsubscribing_everything()
    {
        var broker = BuildRetaining();
        var peer = await ConnectAsync(broker);
        await broker.PublishAsync("a", new Greeting("kept"));
        await peer.SubscribeAsync("a");
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("a: kept"));
        await peer.SubscribeAsync("a");
        await peer.UnsubscribeAsync("a");
        await peer.SubscribeAsync("a");
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("a: kept"));
        await peer.ExpectNothingAsync();
    }

    [Test]
    public async Task An_empty_publication_clears_and_is_not_delivered()
    {
        var broker = BuildRetaining();
        var (publisher, subscriber) = (await ConnectAsync(broker), await ConnectAsync(broker));
        await subscriber.SubscribeAsync("#");
        await publisher.GreetAsync("a", "1");
        await publisher.PublishAsync("a", 0, "");
        await publisher.PublishAsync("never/set", 0, "");
        await publisher.ExpectNothingAsync();
        Assert.That(await subscriber.ReadGreetingAsync(), Is.EqualTo("a: 1"));
        await subscriber.ExpectNothingAsync();
        var late = await ConnectAsync(broker);
        await late.SubscribeAsync("#");
        await late.ExpectNothingAsync();
        Assert.That(broker.GetTopicStats().Retained, Is.Zero);
    }

    [Test]
    public async Task The_application_clears_too()
    {
        var broker = BuildRetaining();
        await broker.PublishAsync("a", new Greeting("1"));
        await broker.ClearRetainedAsync("a");
        var late = await ConnectAsync(broker);
        await late.SubscribeAsync("a");
        await late.ExpectNothingAsync();
    }

    [Test]
    public async Task Only_topics_that_are_asked_to_retain()
    {
        var broker = BuildRetaining(options => options.Retains = topic => topic.StartsWith("state/", StringComparison.Ordinal));
        await broker.PublishAsync("state/a", new Greeting("kept"));
        await broker.PublishAsync("event/a", new Greeting("gone"));
        var late = await ConnectAsync(broker);
        await late.SubscribeAsync("#");
        Assert.That(await late.ReadGreetingAsync(), Is.EqualTo("state/a: kept"));
        await late.ExpectNothingAsync();
    }

    [Test]
    public async Task What_is_retained_is_the_message_as_it_was_published()
    {
        var broker = Build(builder => builder.AddBinary().AddMessage(Blob.Code, () => new Blob()).AddTopics(options => options.Retains = _ => true));
        var blob = Blob.Of(1);
        await broker.PublishAsync("a", blob);
        blob.Data[0] = 2;
        var late = await ConnectAsync(broker, accept: "application/octet-stream");
        await late.SubscribeAsync("a");
        Assert.That((await late.ReadPublicationAsync()).Payload, Is.EqualTo(new byte[] { 1 }));
    }

    [Test]
    public async Task A_full_store_refuses_new_topics_counts_them_and_says_so_once()
    {
        var broker = BuildRetaining(options => options.MaxRetained = 1);
        await broker.PublishAsync("a", new Greeting("1"));
        await broker.PublishAsync("b", new Greeting("1"));
        await broker.PublishAsync("c", new Greeting("1"));
        await broker.PublishAsync("a", new Greeting("2"));
        var late = await ConnectAsync(broker);
        await late.SubscribeAsync("#");
        Assert.That(await late.ReadGreetingAsync(), Is.EqualTo("a: 2"));
        await late.ExpectNothingAsync();
        Assert.That(broker.GetTopicStats().NotRetained, Is.EqualTo(2));
        Assert.That(Services.Log.Count(record => record.Event.Name == "NotRetained"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_subscriber_too_slow_for_what_is_retained_holds_up_nobody_and_is_disconnected()
    {
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics(options => options.Retains = _ => true).Configure(options =>
        {
            options.Outbound.SoftLimit = 1_000;
            options.Outbound.HardLimit = 10_000;
        }));
        var word = new string('a', 500);
        for (var i = 0; i < 20; i++)
        {
            await broker.PublishAsync($"a/{i}", new Greeting(word));
        }

        var slow = await ConnectAsync(broker, new InMemoryOptions { PauseThreshold = 1 });
        var other = await ConnectAsync(broker);
        await slow.AskAsync(1, "a/+");
        while (await broker.PublishAsync("a/0", new Greeting("begun")) == 0)
        {
            await Task.Yield();
        }

        for (var i = 0; i < 30; i++)
        {
            var publishing = broker.PublishAsync("a/0", new Greeting(word));
            Assert.That(publishing.IsCompletedSuccessfully, Is.True);
            await publishing;
        }

        await other.SubscribeAsync("b");
        await slow.ExpectResultAsync(0, 1, "a/+");
        (uint Code, byte[] Payload)? last;
        do
        {
            last = await slow.ReadFrameAsync();
        }
        while (last?.Code == TopicPeer.Publication);
        Assert.That(last?.Code, Is.EqualTo(Ghms.CloseCode));
        Assert.That(last!.Value.Payload[..2], Is.EqualTo(new byte[] { 1008 >> 8, 1008 & 0xFF }));
        Assert.That(Services.Log.Count(record => record.Event.Name == "SubscriberTooSlow"), Is.EqualTo(1));
        await slow.FinishAsync();
    }

    [Test]
    public async Task What_waits_for_a_subscriber_is_the_message_as_it_was_published()
    {
        var broker = Build(builder => builder
            .AddBinary()
            .AddMessage(Blob.Code, () => new Blob())
            .AddTopics(options => options.Retains = topic => topic != "live")
            .Configure(options => options.Outbound.SoftLimit = 1_000));
        for (var i = 0; i < 20; i++)
        {
            await broker.PublishAsync($"a/{i}", Blob.Of(0, size: 500));
        }

        var slow = await ConnectAsync(broker, new InMemoryOptions { PauseThreshold = 1 }, accept: "application/octet-stream");
        await slow.AskAsync(1, "#");
        var blob = Blob.Of(1);
        while (await broker.PublishAsync("live", blob) == 0)
        {
            await Task.Yield();
        }

        blob.Data[0] = 2;
        await slow.ExpectResultAsync(0, 1, "#");
        for (var i = 0; i < 20; i++)
        {
            await slow.ReadPublicationAsync();
        }

        Assert.That((await slow.ReadPublicationAsync()).Payload, Is.EqualTo(new byte[] { 1 }));
    }

    [Test]
    public async Task Publications_to_one_topic_that_retains_go_out_one_at_a_time_and_others_beside_them()
    {
        var held = new Held();
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().UsePipe(held).AddTopics(options => options.Retains = _ => true));
        var peer = await ConnectAsync(broker);
        await peer.SubscribeAsync("a");
        await peer.SubscribeAsync("b");
        var first = broker.PublishAsync("a", new Greeting("first"));
        using var cancel = new CancellationTokenSource();
        var givenUp = broker.PublishAsync("a", new Greeting("given up"), cancel.Token);
        var second = broker.PublishAsync("a", new Greeting("second"));
        await broker.PublishAsync("b", new Greeting("beside"));
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("b: beside"));
        await cancel.CancelAsync();
        Assert.That(async () => await givenUp, Throws.InstanceOf<OperationCanceledException>());
        Assert.That((first.IsCompleted, second.IsCompleted), Is.EqualTo((false, false)));
        held.Release();
        Assert.That((await first, await second), Is.EqualTo((1, 1)));
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("a: first"));
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("a: second"));
        Assert.That(async () => await broker.PublishAsync("a", new Greeting("late"), cancel.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    // Holds up the first publication to "a" on its way out.
    private sealed class Held : GhmsPipe
    {
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public void Release() => _go.SetResult();

        protected internal override async ValueTask<int> SendAsync(
            object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
        {
            if (message is Publication { Topic: "a" } && Interlocked.Increment(ref _count) == 1)
            {
                await _go.Task;
            }

            return await next(message, recipients, cancellationToken);
        }
    }

    private GhmsBroker BuildRetaining(Action<GhmsTopicOptions>? configure = null) =>
        Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics(options =>
        {
            options.Retains = _ => true;
            configure?.Invoke(options);
        }));
}
