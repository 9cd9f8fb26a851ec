using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

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

    private GhmsBroker BuildRetaining(Action<GhmsTopicOptions>? configure = null) =>
        Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics(options =>
        {
            options.Retains = _ => true;
            configure?.Invoke(options);
        }));
}
