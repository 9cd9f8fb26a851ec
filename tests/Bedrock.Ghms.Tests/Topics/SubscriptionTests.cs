using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>What a server answers to subscriptions.</summary>
internal sealed class SubscriptionTests : BrokerFixture
{
    private static IEnumerable<TestCaseData> BadFilters() =>
    [
        new TestCaseData(Array.Empty<byte>()).SetArgDisplayNames("empty"),
        new TestCaseData("a/#/b"u8.ToArray()).SetArgDisplayNames("wildcard in the middle"),
        new TestCaseData("a+"u8.ToArray()).SetArgDisplayNames("wildcard inside a level"),
        new TestCaseData("a\0"u8.ToArray()).SetArgDisplayNames("NUL"),
        new TestCaseData(new byte[] { 0x61, 0xC3 }).SetArgDisplayNames("no UTF-8"),
        new TestCaseData(new byte[256]).SetArgDisplayNames("too long"),
    ];

    [TestCaseSource(nameof(BadFilters))]
    public async Task A_bad_filter_is_result_1_and_comes_back_as_it_was(byte[] filter)
    {
        var peer = await ConnectAsync(BuildTopics());
        await peer.AskAsync(1, filter);
        await peer.ExpectResultAsync(1, 1, filter);
        await peer.AskAsync(2, filter);
        await peer.ExpectResultAsync(1, 2, filter);
        await peer.SubscribeAsync("a/+/#");
    }

    [Test]
    public async Task Subscriptions_are_a_set()
    {
        var peer = await ConnectAsync(BuildTopics());
        await peer.UnsubscribeAsync("a");
        await peer.SubscribeAsync("a");
        await peer.SubscribeAsync("a");
        await peer.GreetAsync("a", "once");
        Assert.That(await peer.ReadGreetingAsync(), Is.EqualTo("a: once"));
        await peer.UnsubscribeAsync("a");
        await peer.GreetAsync("a", "never");
        await peer.ExpectNothingAsync();
    }

    [Test]
    public async Task A_filter_longer_than_allowed_is_a_bad_one()
    {
        var peer = await ConnectAsync(BuildTopics(options => options.MaxFilterLength = 3));
        await peer.SubscribeAsync("a/b");
        await peer.AskAsync(1, "\u00e9\u00e9");
        await peer.ExpectResultAsync(1, 1, "\u00e9\u00e9");
    }

    [Test]
    public async Task Who_cannot_take_the_result_goes_without_and_stays()
    {
        var broker = BuildTopics();
        var peer = await ConnectAsync(broker, fields: "GHMS-Max-Message-Size: 10\r\n");
        await peer.AskAsync(1, "123456789");
        await peer.AskAsync(2, "123456789");
        await peer.SubscribeAsync("12345678");
        Assert.That(broker.GetTopicStats().Undelivered, Is.EqualTo(2));
    }

    [Test]
    public async Task One_filter_too_many_is_result_3()
    {
        var peer = await ConnectAsync(BuildTopics(options => options.MaxFilters = 2));
        await peer.SubscribeAsync("a");
        await peer.SubscribeAsync("b");
        await peer.AskAsync(1, "c");
        await peer.ExpectResultAsync(3, 1, "c");
        await peer.SubscribeAsync("a");
        await peer.UnsubscribeAsync("a");
        await peer.SubscribeAsync("c");
    }

    [Test]
    public async Task What_is_not_allowed_is_result_2()
    {
        var broker = BuildTopics(options => options.CanSubscribe = async (connection, filter) =>
        {
            await Task.Yield();
            return connection.Path == "/" && filter.StartsWith("mine/", StringComparison.Ordinal);
        });
        var peer = await ConnectAsync(broker);
        await peer.SubscribeAsync("mine/#");
        await peer.AskAsync(1, "#");
        await peer.ExpectResultAsync(2, 1, "#");
        await peer.GreetAsync("theirs/a", "secret");
        await peer.ExpectNothingAsync();
    }

    [TestCase(new byte[0])]
    [TestCase(new byte[] { 0, 0x61 })]
    [TestCase(new byte[] { 3, 0x61 })]
    public Task An_unknown_action_is_a_protocol_error(byte[] payload) => CheckViolationAsync(TopicPeer.Subscription, payload);

    [TestCase(new byte[] { 0, 1, 0x61 })]
    [TestCase(new byte[0])]
    public Task A_result_that_nobody_asked_for_is_a_protocol_error(byte[] payload) => CheckViolationAsync(TopicPeer.Result, payload);

    [Test]
    public async Task Who_has_left_is_no_subscriber_any_more()
    {
        var gone = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var broker = BuildTopics(options => options.LastUnsubscribed = gone.SetResult);
        var peer = await ConnectAsync(broker);
        await peer.SubscribeAsync("a/+");
        Assert.That(await broker.PublishAsync("a/b", new Greeting("one")), Is.EqualTo(1));
        await peer.FinishAsync();
        Assert.That(await gone.Task.InTime(), Is.EqualTo("a/+"));
        Assert.That(await broker.PublishAsync("a/b", new Greeting("two")), Is.Zero);
    }

    [Test]
    public async Task First_and_last_subscribers_are_told_in_order()
    {
        var told = new List<string>();
        var broker = BuildTopics(options =>
        {
            options.FirstSubscribed = filter => told.Add($"+{filter}");
            options.LastUnsubscribed = filter => told.Add($"-{filter}");
        });
        var (first, second) = (await ConnectAsync(broker), await ConnectAsync(broker));
        await first.SubscribeAsync("a");
        await second.SubscribeAsync("a");
        await second.SubscribeAsync("b");
        await first.UnsubscribeAsync("a");
        await second.UnsubscribeAsync("a");
        await first.SubscribeAsync("a");
        Assert.That(told, Is.EqualTo(new[] { "+a", "+b", "-a", "+a" }));
    }

    [Test]
    public async Task A_callback_that_fails_is_logged_and_harms_nobody()
    {
        ExpectsErrors = true;
        var broker = BuildTopics(options => options.FirstSubscribed = _ => throw new InvalidOperationException("no"));
        var peer = await ConnectAsync(broker);
        await peer.SubscribeAsync("a");
        await peer.SubscribeAsync("b");
        Assert.That(Services.Log.Count(record => record.Event.Name == "SubscriptionCallbackFailed"), Is.EqualTo(2));
    }

    [Test]
    public void Settings_are_checked_when_the_broker_starts()
    {
        var error = Assert.Throws<GhmsInvalidConfigException>(() => BuildTopics(options =>
        {
            options.MaxFilters = 0;
            options.MaxFilterLength = 256;
            options.MaxRetained = 0;
            options.MaxRetainedBytes = 0;
        }));
        Assert.That(error.Failures, Has.Count.EqualTo(4));
    }

    private async Task CheckViolationAsync(uint code, byte[] payload)
    {
        var peer = await ConnectAsync(BuildTopics());
        await peer.SendAsync(RawPeer.Frame(code, payload));
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.ProtocolError));
    }

    private GhmsBroker BuildTopics(Action<GhmsTopicOptions>? configure = null) =>
        Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics(configure));
}
