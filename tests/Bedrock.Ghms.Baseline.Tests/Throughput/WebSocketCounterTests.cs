using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

internal sealed class WebSocketCounterTests
{
    private const byte Text = 1;
    private const byte Ping = 9;

    private static readonly FrameRing Ring = new(4, number => Words.MessagePack(number));

    [Test]
    public void Messages_may_lie_across_frames_and_come_in_pieces_of_any_size([Range(1, 300, 13)] int piece)
    {
        byte[] messages = Ring.Take(0, 4).ToArray();
        byte[] bytes =
        [
            .. WebSocketFrames.FromServer(WebSocketFrames.Binary, messages[..100]),
            .. WebSocketFrames.FromServer(Ping, [1, 2, 3]),
            .. WebSocketFrames.FromServer(Text, messages[100..]),
            .. WebSocketFrames.FromServer(WebSocketFrames.Binary, []),
            .. WebSocketFrames.FromServer(WebSocketFrames.Binary, Ring.Take(0, 1).ToArray()),
        ];
        var counter = new WebSocketCounter(new FrameCounter());
        counter.Expect(Ring);
        foreach (byte[] some in bytes.Chunk(piece))
        {
            counter.Add(some);
        }

        Assert.That(counter.Count, Is.EqualTo(5));
    }

    [Test]
    public void A_close_is_noticed() =>
        Assert.That(
            () => new WebSocketCounter(new FrameCounter()).Add(WebSocketFrames.FromServer(WebSocketFrames.Close, [0x03, 0xE9])),
            Throws.TypeOf<IOException>());

    [Test]
    public void What_a_client_sends_is_masked()
    {
        byte[] frame = WebSocketFrames.FromClient(WebSocketFrames.Binary, [1, 2, 3, 4, 5]);
        byte[] mask = frame[2..6];
        Assert.That(frame[..2], Is.EqualTo(new byte[] { 0x82, 0x85 }));
        Assert.That(mask, Is.Not.EqualTo(new byte[4]));
        Assert.That(frame[6..].Select((each, i) => each ^ mask[i % 4]), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
    }
}
