using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Sending;

/// <summary>Messages that nobody decodes.</summary>
internal sealed class RawTests : JoinFixture
{
    private static readonly byte[] Payload = [0xFF, 0x00, 0x7B];

    [Test]
    public async Task A_relay_forwards_code_and_payload_as_they_are()
    {
        var broker = Make(builder => builder.HandleRaw(async (from, message, ct) =>
            await from.Broker.SendAsync(message, [.. from.Broker.Connections.Where(other => other != from)], ct)));
        var joined = await JoinManyAsync(broker, 3);
        await joined[0].Peer.SendAsync(RawPeer.Frame(99, Payload));
        foreach (var other in joined[1..])
        {
            var (code, payload) = (await other.Peer.ReadFrameAsync())!.Value;
            Assert.That((code, Convert.ToHexString(payload)), Is.EqualTo((99u, Convert.ToHexString(Payload))));
        }

        Assert.That(broker.GetStats(), Is.EqualTo(new BrokerStats(Sent: 2, Received: 1, Dropped: 0, Unhandled: 0)));
    }

    [Test]
    public async Task A_raw_message_is_released_with_its_handler_unless_it_is_retained()
    {
        var kept = new TaskCompletionSource<RawMessage>();
        RawMessage? lent = null;
        var broker = Make(builder => builder.HandleRaw((_, message, _) =>
        {
            if (lent is null)
            {
                lent = message;
                return ValueTask.CompletedTask;
            }

            message.Retain();
            kept.SetResult(message);
            return ValueTask.CompletedTask;
        }));
        var (connection, peer) = await JoinAsync(broker);
        await peer.SendAsync(RawPeer.Frame(99, Payload));
        await peer.SendAsync(RawPeer.Frame(98, Payload));
        using var message = await kept.Task.InTime();
        Assert.That(() => lent!.Payload, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(message.Encoding, Is.EqualTo(MediaTypes.Json));
        Assert.That(await connection.SendAsync(message), Is.EqualTo(1));
        Assert.That((await peer.ReadFrameAsync())!.Value.Payload, Is.EqualTo(Payload), "sending took no reference away");
        Assert.That(message.Payload.ToArray(), Is.EqualTo(Payload));
    }

    [Test]
    public async Task A_payload_in_one_encoding_does_not_go_to_a_connection_in_another()
    {
        var broker = Make();
        var (json, messagePack) = (await JoinAsync(broker), await JoinAsync(broker, MediaTypes.MessagePack));
        using var message = RawMessage.Create(99, Payload, MediaTypes.MessagePack);
        Assert.That(async () => await json.Connection.SendAsync(message), Throws.TypeOf<GhmsInvalidEncodingException>());
        var error = await Assert.ThrowsAsync<GhmsSendFailedException>(async () => await broker.SendAsync(message));
        Assert.That(error!.Failures.Single().Connection, Is.SameAs(json.Connection));
        Assert.That((await messagePack.Peer.ReadFrameAsync())!.Value.Payload, Is.EqualTo(Payload));
    }

    [Test]
    public async Task Any_name_of_an_encoding_names_it()
    {
        var (connection, peer) = await JoinAsync(Make(), MediaTypes.MessagePack);
        using var message = RawMessage.Create(99, Payload, "application/x-msgpack");
        await connection.SendAsync(message);
        Assert.That((await peer.ReadFrameAsync())!.Value.Code, Is.EqualTo(99));
    }

    [TestCase(0u)]
    [TestCase(1u)]
    public async Task A_raw_message_cannot_pass_for_a_Close_or_a_Heartbeat(uint code)
    {
        var broker = Make();
        var joined = await JoinManyAsync(broker, 2);
        using var message = RawMessage.Create(code, ReadOnlyMemory<byte>.Empty);
        Assert.That(async () => await joined[0].Connection.SendAsync(message), Throws.TypeOf<GhmsInvalidMessageCodeException>());
        var error = await Assert.ThrowsAsync<GhmsSendFailedException>(async () => await broker.SendAsync(message));
        Assert.That(error!.Failures.Select(failure => failure.Exception), Has.Exactly(2).TypeOf<GhmsInvalidMessageCodeException>());
        Assert.That(broker.GetStats().Sent, Is.Zero);
    }

    [Test]
    public async Task A_raw_message_too_big_for_a_peer_fails_only_that_peer()
    {
        var broker = Make();
        var (tight, roomy) = (await JoinAsync(broker, fields: "GHMS-Max-Message-Size: 2\r\n"), await JoinAsync(broker));
        using var message = RawMessage.Create(99, Payload);
        Assert.That(async () => await tight.Connection.SendAsync(message), Throws.TypeOf<GhmsMessageTooLargeException>());
        await Assert.ThrowsAsync<GhmsSendFailedException>(async () => await broker.SendAsync(message));
        Assert.That((await roomy.Peer.ReadFrameAsync())!.Value.Code, Is.EqualTo(99));
    }

    [Test]
    public async Task Without_a_raw_handler_an_unknown_code_is_1003()
    {
        var (connection, peer) = await JoinAsync(Make());
        await peer.SendAsync(RawPeer.Frame(99, Payload));
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.UnknownMessageCode));
        Assert.That(connection.End!.Status, Is.EqualTo(CloseStatus.UnknownMessageCode));
    }

    [Test]
    public async Task The_raw_handler_takes_neither_extension_codes_nor_the_old_heartbeat_s()
    {
        var broker = Make(builder => builder
            .Configure(options => options.HeartbeatCode = 50)
            .HandleRaw((_, _, _) => throw new InvalidOperationException("It must not be asked.")));
        foreach (var code in new[] { 1u, Ghms.FirstExtensionCode })
        {
            var (_, peer) = await JoinAsync(broker);
            await peer.SendAsync(RawPeer.Frame(code, []));
            Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.UnknownMessageCode));
        }
    }

    [Test]
    public async Task The_default_handler_does_not_take_the_raw_handler_s_messages()
    {
        var raw = new TaskCompletionSource<uint>();
        var broker = Make(builder => builder
            .HandleOthers((_, message, _) => throw new InvalidOperationException($"{message} is not for this handler."))
            .HandleRaw((_, message, _) =>
            {
                raw.SetResult(message.Code);
                return ValueTask.CompletedTask;
            }));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendAsync(RawPeer.Frame(99, Payload));
        Assert.That(await raw.Task.InTime(), Is.EqualTo(99));
    }

    private GhmsBroker Make(Action<GhmsTestBuilder>? configure = null) => BuildJoined(builder =>
    {
        builder.AddJson().AddMessagePack().AddMessage<Greeting>();
        configure?.Invoke(builder);
    });
}
