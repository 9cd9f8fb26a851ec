using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;
using MessagePack;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>Publications between connections that speak different encodings.</summary>
internal sealed class MixedEncodingTests : BrokerFixture
{
    private readonly CountingEncoding _json = new(new JsonMessageEncoding());
    private readonly CountingEncoding _packed = new(new MessagePackMessageEncoding());

    [Test]
    public async Task A_publication_is_decoded_once_and_encoded_once_for_each_other_encoding()
    {
        var broker = BuildMixed();
        var publisher = await ConnectAsync(broker);
        var plain = new[] { await ConnectAsync(broker), await ConnectAsync(broker) };
        var packed = new[] { await ConnectAsync(broker, accept: MediaTypes.MessagePack), await ConnectAsync(broker, accept: "application/x-msgpack") };
        foreach (var subscriber in plain.Concat(packed))
        {
            await subscriber.SubscribeAsync("a/+");
        }

        var encodedBefore = (_json.Encoded, _packed.Encoded);
        var decodedBefore = _json.Decoded;
        await publisher.PublishAsync("a/b", 10, """{ "word":"any spelling" }""");
        foreach (var subscriber in plain)
        {
            Assert.That((await subscriber.ReadPublicationAsync()).Payload, Is.EqualTo("""{ "word":"any spelling" }"""u8.ToArray()));
        }

        foreach (var subscriber in packed)
        {
            Assert.That(Unpack((await subscriber.ReadPublicationAsync()).Payload), Is.EqualTo("any spelling"));
        }

        Assert.That((_json.Encoded, _packed.Encoded), Is.EqualTo((encodedBefore.Item1, encodedBefore.Item2 + 1)));
        Assert.That(_json.Decoded - decodedBefore, Is.EqualTo(1));
    }

    [TestCase(77u, "a code that nobody knows")]
    [TestCase(10u, "no JSON")]
    [TestCase(10u, "null")]
    public async Task What_cannot_be_translated_reaches_those_of_its_own_encoding_and_the_publisher_stays(uint code, string payload)
    {
        var broker = BuildMixed();
        var (publisher, plain) = (await ConnectAsync(broker), await ConnectAsync(broker));
        var packed = new[] { await ConnectAsync(broker, accept: MediaTypes.MessagePack), await ConnectAsync(broker, accept: MediaTypes.MessagePack) };
        foreach (var subscriber in packed.Append(plain))
        {
            await subscriber.SubscribeAsync("a");
        }

        await publisher.PublishAsync("a", code, payload);
        Assert.That((await plain.ReadPublicationAsync()).Code, Is.EqualTo(code));
        await publisher.GreetAsync("a", "next");
        foreach (var subscriber in packed)
        {
            Assert.That(Unpack((await subscriber.ReadPublicationAsync()).Payload), Is.EqualTo("next"));
        }

        Assert.That(broker.GetTopicStats().Undelivered, Is.EqualTo(2));
        Assert.That(Services.Log.Count(record => record.Event.Name == "PublicationUndelivered"), Is.EqualTo(1));
    }

    [Test]
    public async Task One_subscriber_alone_to_whom_it_cannot_be_translated_misses_it_just_so()
    {
        var broker = BuildMixed();
        var publisher = await ConnectAsync(broker);
        var packed = await ConnectAsync(broker, accept: MediaTypes.MessagePack);
        await packed.SubscribeAsync("a");
        await publisher.PublishAsync("a", 10, "no JSON");
        await publisher.ExpectNothingAsync();
        await packed.ExpectNothingAsync();
        Assert.That(broker.GetTopicStats().Undelivered, Is.EqualTo(1));
    }

    [Test]
    public async Task A_type_with_an_encoding_of_its_own_is_relayed_as_it_is()
    {
        var broker = BuildMixed();
        var publisher = await ConnectAsync(broker);
        var packed = await ConnectAsync(broker, accept: MediaTypes.MessagePack);
        await packed.SubscribeAsync("a");
        await publisher.PublishAsync("a", Blob.Code, "\u0001 any bytes");
        var got = await packed.ReadPublicationAsync();
        Assert.That((got.Code, got.Payload), Is.EqualTo((Blob.Code, "\u0001 any bytes"u8.ToArray())));
        Assert.That(_packed.Decoded + _json.Decoded, Is.Zero);
    }

    [Test]
    public async Task A_retained_value_is_translated_too()
    {
        var broker = BuildMixed();
        var publisher = await ConnectAsync(broker);
        await publisher.GreetAsync("state", "kept");
        await publisher.ExpectNothingAsync();
        var packed = await ConnectAsync(broker, accept: MediaTypes.MessagePack);
        await packed.SubscribeAsync("#");
        Assert.That(Unpack((await packed.ReadPublicationAsync()).Payload), Is.EqualTo("kept"));
    }

    [Test]
    public async Task The_application_publishes_in_every_encoding_once()
    {
        var broker = BuildMixed();
        var plain = new[] { await ConnectAsync(broker), await ConnectAsync(broker) };
        var packed = new[] { await ConnectAsync(broker, accept: MediaTypes.MessagePack), await ConnectAsync(broker, accept: MediaTypes.MessagePack) };
        foreach (var subscriber in plain.Concat(packed))
        {
            await subscriber.SubscribeAsync("a");
        }

        var before = (_json.Encoded, _packed.Encoded);
        Assert.That(await broker.PublishAsync("a", new Greeting("hello")), Is.EqualTo(4));
        foreach (var subscriber in plain)
        {
            Assert.That(await subscriber.ReadGreetingAsync(), Is.EqualTo("a: hello"));
        }

        foreach (var subscriber in packed)
        {
            Assert.That(Unpack((await subscriber.ReadPublicationAsync()).Payload), Is.EqualTo("hello"));
        }

        Assert.That((_json.Encoded, _packed.Encoded), Is.EqualTo((before.Item1 + 1, before.Item2 + 1)));
    }

    private static string Unpack(byte[] payload)
    {
        var reader = new MessagePackReader(payload);
        Assert.That((reader.ReadMapHeader(), reader.ReadString()), Is.EqualTo((1, "Word")));
        return reader.ReadString()!;
    }

    private GhmsBroker BuildMixed() => Build(builder => builder
        .AddEncoding(_json)
        .AddEncoding(_packed)
        .AddBinary(offered: false)
        .AddMessage<Greeting>()
        .AddMessage(Blob.Code, () => new Blob(), MediaTypes.Binary)
        .AddTopics(options => options.Retains = topic => topic == "state"));
}
