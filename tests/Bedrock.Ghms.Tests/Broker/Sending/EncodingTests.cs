using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Messages.Encodings;
using Bedrock.Ghms.Tests.Support;
using Greeting = Bedrock.Ghms.Tests.Support.Greeting;

namespace Bedrock.Ghms.Tests.Broker.Sending;

/// <summary>How often a message is encoded, and into what.</summary>
internal sealed class EncodingTests : JoinFixture
{
    private readonly CountingEncoding _json = new(new JsonMessageEncoding());
    private readonly CountingEncoding _messagePack = new(new MessagePackMessageEncoding());
    private readonly CountingEncoding _binary = new(new BinaryMessageEncoding());

    [Test]
    public async Task Each_encoding_is_encoded_once_however_many_share_it()
    {
        var broker = Make();
        for (var i = 0; i < 5; i++)
        {
            await JoinAsync(broker, MediaTypes.Json);
            await JoinAsync(broker, i % 2 == 0 ? MediaTypes.MessagePack : "application/x-msgpack");
        }

        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(10));
        Assert.That((_json.Encoded, _messagePack.Encoded), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task An_encoding_that_nobody_speaks_is_not_encoded()
    {
        var broker = Make();
        await JoinAsync(broker);
        await JoinAsync(broker);
        await broker.SendAsync(new Greeting("hello"));
        Assert.That((_json.Encoded, _messagePack.Encoded), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task A_message_with_an_encoding_of_its_own_is_encoded_once_and_is_the_same_for_everyone()
    {
        var broker = MakeBinary();
        var peers = new[] { await JoinAsync(broker, MediaTypes.Json), await JoinAsync(broker, MediaTypes.MessagePack), await JoinAsync(broker, MediaTypes.Json) };
        Assert.That(await broker.SendAsync(new Number { Value = 0x01020304 }), Is.EqualTo(3));
        Assert.That((_json.Encoded, _messagePack.Encoded, _binary.Encoded), Is.EqualTo((0, 0, 1)));
        foreach (var (_, peer) in peers)
        {
            var (code, payload) = (await peer.ReadFrameAsync())!.Value;
            Assert.That((code, Convert.ToHexString(payload)), Is.EqualTo((20u, "01020304")));
        }
    }

    [Test]
    public async Task A_message_with_an_encoding_of_its_own_is_received_over_any_connection()
    {
        var received = new TaskCompletionSource<int>();
        var broker = MakeBinary(builder => builder.Handle<Number>((_, number, _) =>
        {
            received.SetResult(number.Value);
            return ValueTask.CompletedTask;
        }));
        var (_, peer) = await JoinAsync(broker, MediaTypes.MessagePack);
        await peer.SendAsync(RawPeer.Frame(20, [1, 2, 3, 4]));
        Assert.That(await received.Task.InTime(), Is.EqualTo(0x01020304));
    }

    [Test]
    public async Task The_send_buffer_size_is_what_an_encoder_gets_at_first()
    {
        var broker = Make(builder => builder.Configure(options => options.SendBufferSize = 50_000));
        var (connection, _) = await JoinAsync(broker);
        await connection.SendAsync(new Greeting("hello"));
        await JoinAsync(broker);
        await broker.SendAsync(new Greeting("hello"));
        Assert.That(_json.FirstSpans, Has.Count.EqualTo(2).And.All.GreaterThanOrEqualTo(50_000));
    }

    private GhmsBroker Make(Action<GhmsTestBuilder>? configure = null) => BuildJoined(builder =>
    {
        builder.AddEncoding(_json).AddEncoding(_messagePack).AddMessage<Greeting>();
        configure?.Invoke(builder);
    });

    private GhmsBroker MakeBinary(Action<GhmsTestBuilder>? configure = null) => BuildJoined(builder =>
    {
        builder.AddEncoding(_json).AddEncoding(_messagePack).AddEncoding(_binary).AddMessage(20, () => new Number(), MediaTypes.Binary);
        configure?.Invoke(builder);
    });
}
