using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

internal sealed class FrameCounterTests
{
    private static readonly FrameRing Requests = FrameRing.OfEnvelopes(RequestDriver.RequestCode, MessageCode.Echo, 64);

    private readonly FrameRing _ring = new(MessageCode.Echo, 64);

    [Test]
    public void Frames_are_those_the_library_writes()
    {
        byte[] expected = Frames.Encode(MessageCode.Echo, "7".PadLeft(100, '.'));
        Assert.That(_ring.Take(7, 1).ToArray(), Is.EqualTo(expected));
        Assert.That(_ring.Take(64 + 7, 1).ToArray(), Is.EqualTo(expected));
    }

    [Test]
    public void Envelopes_hold_their_number_and_such_a_message()
    {
        byte[] inner = Frames.Encode(MessageCode.Echo, "7".PadLeft(100, '.'));
        byte[] expected = Frames.Raw(
            RequestDriver.RequestCode, [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, (byte)MessageCode.Echo, .. inner[Frame.HeaderSize..]]);
        Assert.That(Requests.Take(7, 1).ToArray(), Is.EqualTo(expected));
        Assert.That(Requests.Take(64 + 7, 1).ToArray(), Is.EqualTo(expected));
    }

    [Test]
    public void Messages_are_counted_and_heartbeats_are_not_in_pieces_of_any_size([Range(1, 260, 7)] int piece)
    {
        byte[] heartbeat = Frames.Raw(MessageCode.Heartbeat, []);
        byte[] bytes = [.. heartbeat, .. _ring.Take(0, 33), .. heartbeat, .. heartbeat, .. _ring.Take(33, 31), .. heartbeat];
        var counter = new FrameCounter(_ring);
        foreach (byte[] some in bytes.Chunk(piece))
        {
            counter.Add(some);
        }

        Assert.That(counter.Count, Is.EqualTo(64));
    }

    [Test]
    public void A_message_out_of_order_is_noticed() =>
        Assert.That(() => new FrameCounter(_ring).Add(_ring.Take(1, 1)), Throws.TypeOf<InvalidDataException>());

    [Test]
    public void An_unexpected_header_is_noticed() =>
        Assert.That(
            () => new FrameCounter(_ring).Add(Frames.Encode(MessageCode.OneWay, "x")),
            Throws.TypeOf<InvalidDataException>());
}
