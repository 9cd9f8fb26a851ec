using System.Buffers.Binary;
using System.Text;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>The topic extension as bytes, for the far end of a connection.</summary>
internal static class TopicPeer
{
    public const uint Subscription = 0xFFFFFF01;
    public const uint Publication = 0xFFFFFF02;
    public const uint Result = 0xFFFFFF03;

    public static Task AskAsync(this RawPeer peer, byte action, string filter) => peer.AskAsync(action, Encoding.UTF8.GetBytes(filter));

    public static Task AskAsync(this RawPeer peer, byte action, byte[] filter) => peer.SendAsync(RawPeer.Frame(Subscription, [action, .. filter]));

    /// <summary>Subscribes and reads the result, which must come next.</summary>
    public static async Task SubscribeAsync(this RawPeer peer, string filter)
    {
        await peer.AskAsync(1, filter);
        await peer.ExpectResultAsync(0, 1, filter);
    }

    public static async Task UnsubscribeAsync(this RawPeer peer, string filter)
    {
        await peer.AskAsync(2, filter);
        await peer.ExpectResultAsync(0, 2, filter);
    }

    public static Task ExpectResultAsync(this RawPeer peer, byte result, byte action, string filter) =>
        peer.ExpectResultAsync(result, action, Encoding.UTF8.GetBytes(filter));

    public static async Task ExpectResultAsync(this RawPeer peer, byte result, byte action, byte[] filter)
    {
        var frame = await peer.ReadFrameAsync();
        Assert.That(frame?.Code, Is.EqualTo(Result), "A SubscriptionResult was expected.");
        Assert.That(frame!.Value.Payload, Is.EqualTo(new[] { result, action }.Concat(filter)));
    }

    public static Task PublishAsync(this RawPeer peer, string topic, uint code, string payload) =>
        peer.PublishAsync(topic, code, Encoding.UTF8.GetBytes(payload));

    public static Task PublishAsync(this RawPeer peer, string topic, uint code, byte[] payload) =>
        peer.SendAsync(RawPeer.Frame(Publication, Payload(topic, code, payload)));

    /// <summary>A greeting in JSON.</summary>
    public static Task GreetAsync(this RawPeer peer, string topic, string word) => peer.PublishAsync(topic, 10, $$"""{"Word":"{{word}}"}""");

    public static byte[] Payload(string topic, uint code, byte[] payload)
    {
        var text = Encoding.UTF8.GetBytes(topic);
        var bytes = new byte[2 + text.Length + 4 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)text.Length);
        text.CopyTo(bytes, 2);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2 + text.Length), code);
        payload.CopyTo(bytes, 6 + text.Length);
        return bytes;
    }

    /// <summary>Reads a publication, which must come next.</summary>
    public static async Task<(string Topic, uint Code, byte[] Payload)> ReadPublicationAsync(this RawPeer peer)
    {
        var frame = await peer.ReadFrameAsync();
        Assert.That(frame?.Code, Is.EqualTo(Publication), "A Publication was expected.");
        var bytes = frame!.Value.Payload;
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return (
            Encoding.UTF8.GetString(bytes, 2, length),
            BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(2 + length)),
            bytes[(6 + length)..]);
    }

    /// <summary>Reads a greeting in JSON, which must come next.</summary>
    public static async Task<string> ReadGreetingAsync(this RawPeer peer)
    {
        var (topic, code, payload) = await peer.ReadPublicationAsync();
        Assert.That(code, Is.EqualTo(10));
        return $"{topic}: {System.Text.Json.JsonSerializer.Deserialize<Greeting>(payload)!.Word}";
    }

    /// <summary>Sees to it that nothing is on its way to a peer but the answer to this.</summary>
    public static async Task ExpectNothingAsync(this RawPeer peer) => await peer.UnsubscribeAsync("nobody/has/this");
}
