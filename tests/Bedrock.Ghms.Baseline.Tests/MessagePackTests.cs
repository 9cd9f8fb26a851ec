namespace Bedrock.Ghms.Baseline.Tests;

[CancelAfter(60_000)]
internal sealed class MessagePackTests
{
    [Test]
    public async Task A_payload_that_cannot_be_decoded_ends_the_connection()
    {
        await using BaselineServer server = await BaselineServer.StartAsync(
            new EchoHandler<MessagePackCodec>(new Counter()));
        using BaselineClient client = await BaselineClient.UpgradeAsync(server.EndPoint);
        await client.SendAsync(Frames.Raw(MessageCode.Echo, [0xC1]));
        Assert.That(await client.HasEndedAsync(), Is.True);
    }

    [Test]
    public void A_message_is_read_and_written_again()
    {
        // Str 16 where str 8 would do: whoever copies bytes gives itself away.
        byte[] wide = Frames.Raw(MessageCode.Echo, [0x81, 0xA4, .. "Word"u8, 0xDA, 0, 2, .. "hi"u8]);
        var output = new FrameBuffer();
        MessagePackCodec.Relay(new Frame(wide), output);
        Assert.That(output.Written.ToArray(), Is.EqualTo(Frames.Encode(MessageCode.Echo, "hi")));
    }
}
