using Bedrock.Ghms.Throughput;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

internal sealed class FrameCounterTests
{
    private static readonly byte[] Heartbeat = Frames.Raw(MessageCode.Heartbeat, []);
    private static readonly FrameRing Ring = new GhmsWire(broker: true).FlowOf(new Role(Work.Echo, 0), 64).Received;

    [Test]
    public void Messages_are_counted_and_heartbeats_are_not_in_pieces_of_any_size([Range(1, 260, 7)] int piece)
    {
        byte[] bytes = [.. Heartbeat, .. Ring.Take(0, 33), .. Heartbeat, .. Heartbeat, .. Ring.Take(33, 31), .. Heartbeat];
        Assert.That(Count(bytes, Ring, Heartbeat, piece), Is.EqualTo(64));
    }

    [Test]
    public void Messages_of_a_few_bytes_are_counted_in_pieces_of_any_size([Range(1, 10)] int piece)
    {
        byte[] bytes = [.. Enumerable.Repeat<byte[]>([0xD0, 0], 10).SelectMany(each => each)];
        Assert.That(Count(bytes, FrameRing.Of([0xD0, 0]), null, piece), Is.EqualTo(10));
    }

    [Test]
    public void A_message_is_counted_when_it_is_whole()
    {
        FrameCounter counter = Counter(Ring, Heartbeat);
        counter.Add(Ring.Take(0, 1)[..^1]);
        Assert.That(counter.Count, Is.Zero);
        counter.Add(Ring.Take(0, 1)[^1..]);
        Assert.That(counter.Count, Is.EqualTo(1));
    }

    [Test]
    public void A_message_out_of_order_is_noticed() =>
        Assert.That(() => Counter(Ring, Heartbeat).Add(Ring.Take(1, 1)), Throws.TypeOf<InvalidDataException>());

    [Test]
    public void A_byte_too_much_is_noticed() =>
        Assert.That(
            () => Counter(Ring, Heartbeat).Add([.. Ring.Take(0, 1), 0, .. Ring.Take(1, 1)]), Throws.TypeOf<InvalidDataException>());

    [Test]
    public void An_unexpected_header_is_noticed() =>
        Assert.That(
            () => Counter(Ring, Heartbeat).Add(Frames.Encode(MessageCode.OneWay, "x")),
            Throws.TypeOf<InvalidDataException>());

    private static long Count(byte[] bytes, FrameRing ring, byte[]? other, int piece)
    {
        FrameCounter counter = Counter(ring, other);
        foreach (byte[] some in bytes.Chunk(piece))
        {
            counter.Add(some);
        }

        return counter.Count;
    }

    private static FrameCounter Counter(FrameRing ring, byte[]? other)
    {
        var counter = new FrameCounter(other);
        counter.Expect(ring);
        return counter;
    }
}
