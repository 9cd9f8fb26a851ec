using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

internal sealed class Http2CounterTests
{
    private const int FrameSize = 100;

    private static readonly FrameRing Ring = new(4, number => Words.MessagePack(number));

    private readonly List<byte> _answers = [];

    [Test]
    public void Messages_may_lie_across_frames_and_come_in_pieces_of_any_size([Range(1, 300, 13)] int piece)
    {
        _answers.Clear();
        byte[] messages = Ring.Take(0, 4).ToArray();
        byte[] ping = [1, 2, 3, 4, 5, 6, 7, 8];
        byte[] bytes =
        [
            .. Http2Frames.Frame(Http2Frames.Settings, 0, 0, []),
            .. Data(messages[..100]),
            .. Http2Frames.Frame(Http2Frames.Ping, 0, 0, ping),
            .. Data(messages[100..]),
            .. Data([]),
        ];
        Http2Counter counter = Counter();
        foreach (byte[] some in bytes.Chunk(piece))
        {
            counter.Add(some);
        }

        Assert.That(counter.Count, Is.EqualTo(4));
        Assert.That(counter.HasSettings, Is.True);
        byte[] answers = [.. Http2Frames.SettingsAcknowledged, .. Http2Frames.Frame(Http2Frames.Ping, Http2Frames.Acknowledged, 0, ping)];
        Assert.That(_answers, Is.EqualTo(answers));
    }

    [Test]
    public void No_more_is_sent_than_both_windows_take()
    {
        Http2Counter counter = Counter();
        int frames = Http2Frames.InitialWindow / FrameSize;
        Assert.That(Takes(counter, frames), Is.True);
        Assert.That(Takes(counter, 1), Is.False);
        counter.Add(Http2Frames.Update(Http2Frames.Stream, FrameSize));
        Assert.That(Takes(counter, 1), Is.False);
        counter.Add(Http2Frames.Update(0, FrameSize));
        Assert.That(Takes(counter, 1), Is.True);
        Assert.That(Takes(counter, 1), Is.False);
    }

    [TestCase(Http2Frames.Reset, 0)]
    [TestCase(Http2Frames.GoAway, 0)]
    [TestCase(Http2Frames.Headers, Http2Frames.EndStream)]
    [TestCase(Http2Frames.Data, Http2Frames.EndStream)]
    public void An_end_is_noticed(byte type, byte flags) =>
        Assert.That(() => Counter().Add(Http2Frames.Frame(type, flags, Http2Frames.Stream, [])), Throws.TypeOf<IOException>());

    private static bool Takes(Http2Counter counter, int frames) =>
        counter.TakesMore(frames, frames * (FrameSize + Http2Frames.HeadSize));

    private static byte[] Data(byte[] payload) => Http2Frames.Frame(Http2Frames.Data, 0, Http2Frames.Stream, payload);

    private Http2Counter Counter()
    {
        var counter = new Http2Counter(new FrameCounter(), _answers.AddRange);
        counter.Expect(Ring);
        return counter;
    }
}
