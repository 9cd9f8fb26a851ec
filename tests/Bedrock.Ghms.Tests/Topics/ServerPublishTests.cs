using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>What the application of a server publishes.</summary>
internal sealed class ServerPublishTests : BrokerFixture
{
    [Test]
    public async Task It_reaches_each_subscriber_once_and_returns_how_many()
    {
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics());
        var peers = new[] { await ConnectAsync(broker), await ConnectAsync(broker), await ConnectAsync(broker) };
        await peers[0].SubscribeAsync("a/#");
        await peers[0].SubscribeAsync("a/b");
        await peers[1].SubscribeAsync("a/b");
        Assert.That(await broker.PublishAsync("a/b", new Greeting("hello")), Is.EqualTo(2));
        Assert.That(await broker.PublishAsync("a/c", new Greeting("only one")), Is.EqualTo(1));
        Assert.That(await broker.PublishAsync("b", new Greeting("nobody")), Is.Zero);
        Assert.That(await peers[0].ReadGreetingAsync(), Is.EqualTo("a/b: hello"));
        Assert.That(await peers[0].ReadGreetingAsync(), Is.EqualTo("a/c: only one"));
        Assert.That(await peers[1].ReadGreetingAsync(), Is.EqualTo("a/b: hello"));
        foreach (var peer in peers)
        {
            await peer.ExpectNothingAsync();
        }
    }

    [Test]
    public async Task It_goes_through_the_sender_pipes_behind_the_topics_and_then_as_a_publication_through_those_before()
    {
        var (before, behind) = (new Recorder(), new Recorder());
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().UsePipe(before).AddTopics().UsePipe(behind));
        var peer = await ConnectAsync(broker);
        await peer.SubscribeAsync("a");
        await broker.PublishAsync("a", new Greeting("hello"));
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("a: HELLO"));
        Assert.That(behind.Sent, Is.EqualTo(new[] { "Greeting { Word = hello }" }));
        Assert.That(before.Sent, Has.Count.EqualTo(2), "the result and the publication");
        Assert.That(before.Sent[1], Is.EqualTo("a publication of code 10 to a"));
    }

    [Test]
    public async Task What_relayed_publications_carry_no_pipe_sees()
    {
        var (before, behind) = (new Recorder(), new Recorder());
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().UsePipe(before).AddTopics().UsePipe(behind));
        var peer = await ConnectAsync(broker);
        await peer.SubscribeAsync("a\n");
        await peer.GreetAsync("a\n", "hello");
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("a\n: hello"));
        Assert.That((behind.Sent, behind.Handled), Is.EqualTo((new List<string>(), new List<string>())));
        Assert.That(before.Handled[^1], Is.EqualTo(@"a publication of code 10 to a\n"));
    }

    [Test]
    public async Task A_raw_message_goes_out_as_it_is()
    {
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics(options => options.Retains = _ => true));
        var peer = await ConnectAsync(broker);
        await peer.SubscribeAsync("a");
        using var raw = RawMessage.Create(77, "{ }"u8.ToArray(), MediaTypes.Json);
        Assert.That(await broker.PublishAsync("a", raw), Is.EqualTo(1));
        Assert.That((await peer.ReadPublicationAsync()).Payload, Is.EqualTo("{ }"u8.ToArray()));
    }

    [Test]
    public async Task Who_cannot_get_it_is_named_to_the_caller()
    {
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics());
        var (big, small) = (await ConnectAsync(broker), await ConnectAsync(broker, fields: "GHMS-Max-Message-Size: 20\r\n"));
        await big.SubscribeAsync("a");
        await small.SubscribeAsync("a");
        var error = await Assert.ThrowsAsync<GhmsSendFailedException>(async () => await broker.PublishAsync("a", new Greeting("far too long for it")));
        Assert.That((error!.Accepted, error.Failures.Count), Is.EqualTo((1, 1)));
        Assert.That(await big.ReadGreetingAsync(), Is.EqualTo("a: far too long for it"));
        Assert.That(broker.GetTopicStats().Undelivered, Is.EqualTo(1));
    }

    [Test]
    public void Mistakes_are_told_also_when_nobody_listens()
    {
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics(options =>
        {
            options.Retains = topic => topic == "state";
        }).Configure(options => options.MaxMessageSize = 100));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await broker.PublishAsync("a/+", new Greeting("")), Throws.ArgumentException);
            Assert.That(async () => await broker.PublishAsync("", new Greeting("")), Throws.ArgumentException);
            Assert.That(async () => await broker.ClearRetainedAsync("#"), Throws.ArgumentException);
            Assert.That(async () => await broker.PublishAsync("a", new Farewell("")), Throws.TypeOf<GhmsInvalidMessageCodeException>());
            Assert.That(async () => await broker.PublishAsync("state", new Greeting(new string('a', 200))), Throws.TypeOf<GhmsMessageTooLargeException>());
        }

        var without = Build(builder => builder.AddJson());
        Assert.That(async () => await without.PublishAsync("a", new Greeting("")), Throws.InvalidOperationException);
        Assert.That(without.GetTopicStats, Throws.InvalidOperationException);
    }

    private sealed class Recorder : GhmsPipe
    {
        public List<string> Sent { get; } = [];

        public List<string> Handled { get; } = [];

        protected internal override ValueTask HandleAsync(
            GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            Handled.Add(message.ToString()!);
            return next(connection, message, cancellationToken);
        }

        protected internal override ValueTask<int> SendAsync(
            object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
        {
            Sent.Add(message.ToString()!);
            return next(message is Greeting(var word) ? new Greeting(word.ToUpperInvariant()) : message, recipients, cancellationToken);
        }
    }
}
