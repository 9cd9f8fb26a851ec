namespace Bedrock.Ghms.Baseline.Tests;

[TestFixture(typeof(MessagePackCodec))]
[TestFixture(typeof(BytesCodec))]
[CancelAfter(60_000)]
internal sealed class OneWayTests<TCodec>
    where TCodec : ICodec
{
    [Test]
    public async Task One_way_messages_are_counted_before_the_echo_that_follows_them()
    {
        var handled = new Counter();
        await using BaselineServer server = await BaselineServer.StartAsync(new EchoHandler<TCodec>(handled));
        using BaselineClient client = await BaselineClient.UpgradeAsync(server.EndPoint);
        byte[] echo = Frames.Encode(MessageCode.Echo, "done");
        await client.SendAsync((byte[])[.. Frames.Many(MessageCode.OneWay, 10_000), .. echo]);
        Assert.That(await client.ReadAsync(echo.Length), Is.EqualTo(echo));
        Assert.That(handled.Value, Is.EqualTo(10_002));
    }
}
