using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>What becomes of publications that a peer sends.</summary>
internal sealed class PublicationTests : BrokerFixture
{
    private static IEnumerable<TestCaseData> Violations() =>
    [
        new TestCaseData(Array.Empty<byte>()).SetArgDisplayNames("empty"),
        new TestCaseData(new byte[] { 0, 1, 0x61 }).SetArgDisplayNames("no code"),
        new TestCaseData(new byte[] { 0, 9, 0x61, 0, 0, 0, 10 }).SetArgDisplayNames("topic longer than the payload"),
        new TestCaseData(TopicPeer.Payload("", 10, [])).SetArgDisplayNames("empty topic"),
        new TestCaseData(TopicPeer.Payload("a/+", 10, [])).SetArgDisplayNames("wildcard"),
        new TestCaseData(TopicPeer.Payload("a\0", 10, [])).SetArgDisplayNames("NUL"),
        new TestCaseData(TopicPeer.Payload(new string('a', 256), 10, [])).SetArgDisplayNames("topic too long"),
        new TestCaseData(new byte[] { 0, 1, 0xFF, 0, 0, 0, 10 }).SetArgDisplayNames("topic not UTF-8"),
        new TestCaseData(TopicPeer.Payload("a", 0, [1])).SetArgDisplayNames("code 0 with a payload"),
        new TestCaseData(TopicPeer.Payload("a", 1, [])).SetArgDisplayNames("code 1"),
        new TestCaseData(TopicPeer.Payload("a", 99, [])).SetArgDisplayNames("the heartbeat's code, moved"),
        new TestCaseData(TopicPeer.Payload("a", TopicPeer.Publication, [])).SetArgDisplayNames("code of an extension"),
    ];

    [TestCaseSource(nameof(Violations))]
    public async Task What_no_publication_may_be_is_a_protocol_error(byte[] payload)
    {
        var peer = await ConnectAsync(Build(builder => builder.AddJson().AddTopics().Configure(options => options.HeartbeatCode = 99)));
        await peer.SendAsync(RawPeer.Frame(TopicPeer.Publication, payload));
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.ProtocolError));
    }

    [TestCase(10u, "{ \"Word\" : \"spaces stay\" }")]
    [TestCase(10u, "this is no JSON")]
    [TestCase(77u, "nobody knows this code")]
    [TestCase(0xFFFFFEFFu, "")]
    public async Task Bytes_are_relayed_as_they_are(uint code, string payload)
    {
        var broker = BuildTopics();
        var (publisher, subscriber) = (await ConnectAsync(broker), await ConnectAsync(broker));
        await subscriber.SubscribeAsync("a/#");
        await publisher.PublishAsync("a/\u00e9", code, payload);
        var got = await subscriber.ReadPublicationAsync();
        Assert.That((got.Topic, got.Code, System.Text.Encoding.UTF8.GetString(got.Payload)), Is.EqualTo(("a/\u00e9", code, payload)));
    }

    [Test]
    public async Task Each_connection_gets_it_once_however_many_of_its_filters_match_and_the_publisher_too()
    {
        var broker = BuildTopics();
        var peers = new[] { await ConnectAsync(broker), await ConnectAsync(broker), await ConnectAsync(broker) };
        await peers[0].SubscribeAsync("a/b");
        await peers[0].SubscribeAsync("a/+");
        await peers[0].SubscribeAsync("#");
        await peers[1].SubscribeAsync("+/b");
        await peers[1].SubscribeAsync("a/#");
        await peers[2].SubscribeAsync("b/#");
        await peers[0].GreetAsync("a/b", "hello");
        Assert.That(await peers[0].ReadGreetingAsync(), Is.EqualTo("a/b: hello"));
        Assert.That(await peers[1].ReadGreetingAsync(), Is.EqualTo("a/b: hello"));
        foreach (var peer in peers)
        {
            await peer.ExpectNothingAsync();
        }
    }

    [Test]
    public async Task A_denied_publication_is_dropped_counted_and_logged()
    {
        var asked = new List<(string, uint)>();
        var broker = BuildTopics(options => options.CanPublish = (_, topic, code) =>
        {
            asked.Add((topic, code));
            return new ValueTask<bool>(!topic.StartsWith("no\n", StringComparison.Ordinal));
        });
        var peer = await ConnectAsync(broker);
        await peer.SubscribeAsync("#");
        await peer.GreetAsync("no\n/1", "denied");
        await peer.PublishAsync("no\n/2", 0, "");
        await peer.GreetAsync("yes", "allowed");
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("yes: allowed"));
        Assert.That(asked, Is.EqualTo(new[] { ("no\n/1", 10u), ("no\n/2", 0u), ("yes", 10u) }));
        Assert.That(broker.GetTopicStats().Denied, Is.EqualTo(2));
        var logged = Services.Log.Where(record => record.Event.Name == "PublicationDenied").ToList();
        Assert.That(logged, Has.Count.EqualTo(2));
        Assert.That(logged[0].Text, Does.Contain(@"no\n/1").And.Not.Contain("\n"));
    }

    [Test]
    public async Task One_that_is_too_big_for_a_subscriber_is_not_delivered_to_it_and_the_publisher_stays()
    {
        var broker = BuildTopics();
        var publisher = await ConnectAsync(broker);
        var (big, small) = (await ConnectAsync(broker), await ConnectAsync(broker, fields: "GHMS-Max-Message-Size: 20\r\n"));
        await big.SubscribeAsync("a");
        await small.SubscribeAsync("a");
        await publisher.GreetAsync("a", "far too long for the small one");
        await publisher.PublishAsync("a", 77, "short");
        Assert.That(await big.ReadGreetingAsync(), Is.EqualTo("a: far too long for the small one"));
        Assert.That((await small.ReadPublicationAsync()).Code, Is.EqualTo(77));
        await publisher.ExpectNothingAsync();
        Assert.That(broker.GetTopicStats().Undelivered, Is.EqualTo(1));
        Assert.That(Services.Log.Count(record => record.Event.Name == "PublicationUndelivered"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_hook_that_fails_ends_the_connection_of_who_asked()
    {
        ExpectsErrors = true;
        var broker = BuildTopics(options => options.CanPublish = (_, _, _) => throw new InvalidOperationException("no"));
        var peer = await ConnectAsync(broker);
        await peer.GreetAsync("a", "hello");
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.HandlerFailed));
    }

    private GhmsBroker BuildTopics(Action<GhmsTopicOptions>? configure = null) =>
        Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics(configure));
}
