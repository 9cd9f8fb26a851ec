using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>What a subscriber that does not read misses: what the type of the published message says, whoever published it.</summary>
internal sealed class SlowSubscriberTests : WireFixture
{
    private const int Size = 100;
    private const int Cost = FrameHeader.Size + 7 + Size + OutboundOptions.FrameCharge;

    // The first one is on its way in the transport, and two wait.
    private const int Room = 3;

    [Test]
    public async Task Of_each_key_and_topic_the_latest_waits([Values] bool relayed)
    {
        var broker = BuildLimited(builder => builder.Conflate<Blob>(blob => blob.Data[0] < 100 ? "low" : "high"));
        var wire = await SubscribeAsync(broker);
        var publisher = await OpenAsync(broker);
        for (var i = 0; i < 21; i++)
        {
            await PublishAsync(broker, wire, relayed ? publisher.Peer : null, i % 2 == 0 ? "a" : "b", i);
        }

        await PublishAsync(broker, wire, relayed ? publisher.Peer : null, "a", 101);
        await ExpectAsync(wire, ("a", 0), ("b", 19), ("a", 20), ("a", 101));
        Assert.That(wire.Connection.DroppedMessages, Is.EqualTo(18));
    }

    [Test]
    public async Task The_oldest_give_way_where_the_type_says_so([Values] bool relayed)
    {
        var broker = BuildLimited(builder => builder.DropOldest<Blob>());
        var wire = await SubscribeAsync(broker);
        var publisher = await OpenAsync(broker);
        for (var i = 0; i < 6; i++)
        {
            await PublishAsync(broker, wire, relayed ? publisher.Peer : null, "a", i);
        }

        await ExpectAsync(wire, ("a", 0), ("a", 4), ("a", 5));
        Assert.That(wire.Connection.DroppedMessages, Is.EqualTo(3));
    }

    [Test]
    public async Task What_is_dropped_is_not_counted_as_published()
    {
        var broker = BuildLimited(builder => builder.DropNewest<Blob>());
        var wire = await SubscribeAsync(broker);
        for (var i = 0; i < 5; i++)
        {
            Assert.That(await broker.PublishAsync("a", Blob.Of(i, Size)), Is.EqualTo(i < Room ? 1 : 0));
            await UntilOnItsWayAsync(wire);
        }

        await ExpectAsync(wire, ("a", 0), ("a", 1), ("a", 2));
    }

    [Test]
    public async Task A_message_of_a_type_without_a_rule_is_never_dropped()
    {
        var broker = BuildLimited(builder => builder.AddMessage(22, () => new Note()).DropOldest<Note>());
        var wire = await SubscribeAsync(broker);
        for (var i = 0; i < Room; i++)
        {
            await PublishAsync(broker, wire, null, "a", i);
        }

        var waiting = broker.PublishAsync("a", Blob.Of(Room, Size)).AsTask();
        Assert.That(waiting.IsCompleted, Is.False);
        await ExpectAsync(wire, ("a", 0), ("a", 1), ("a", 2), ("a", 3));
        Assert.That(await waiting.WaitAsync(Patience), Is.EqualTo(1));
    }

    private static async Task PublishAsync(GhmsBroker broker, Wire wire, RawPeer? publisher, string topic, int number)
    {
        if (publisher is null)
        {
            var publishing = broker.PublishAsync(topic, Blob.Of(number, Size)).AsTask();
            Assert.That(publishing.IsCompleted, Is.True, "A publication waited.");
            await publishing;
        }
        else
        {
            await publisher.PublishAsync(topic, Blob.Code, Blob.Of(number, Size).Data);
            await publisher.ExpectNothingAsync();
        }

        if (number == 0)
        {
            await UntilOnItsWayAsync(wire);
        }
    }

    // Whoever has sent the result may hold the output still, and then the first publication waits in the queue for a moment, where another can take its place.
    private static Task UntilOnItsWayAsync(Wire wire) => UntilAsync(() => wire.Connection.Outbound.FlushPendingSince != 0);

    private static async Task ExpectAsync(Wire wire, params (string Topic, int Number)[] publications)
    {
        foreach (var expected in publications)
        {
            var (topic, _, payload) = await wire.Peer.ReadPublicationAsync();
            Assert.That((topic, (int)payload[0]), Is.EqualTo(expected));
        }
    }

    private async Task<Wire> SubscribeAsync(GhmsBroker broker)
    {
        var wire = await OpenAsync(broker, Stalling);
        await wire.Peer.SubscribeAsync("#");
        await UntilAsync(() => wire.Connection.Outbound.FlushPendingSince == 0);
        return wire;
    }

    private GhmsBroker BuildLimited(Action<GhmsTestBuilder> configure) => BuildBlobs(builder =>
    {
        builder.AddTopics().Configure(options =>
        {
            options.Outbound.SoftLimit = Room * Cost;
            options.Outbound.HardLimit = 10 * Cost;
            options.Outbound.SoftLimitTime = TimeSpan.FromHours(1);
        });
        configure(builder);
    });

    private sealed class Note : Bedrock.Ghms.Messages.IBinaryMessage
    {
        public void Write(System.Buffers.IBufferWriter<byte> output)
        {
        }

        public void Read(System.Buffers.ReadOnlySequence<byte> payload)
        {
        }
    }
}
