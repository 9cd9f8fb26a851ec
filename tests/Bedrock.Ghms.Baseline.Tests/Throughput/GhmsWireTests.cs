using Bedrock.Ghms.Throughput;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

internal sealed class GhmsWireTests
{
    private static readonly byte[] Seventh = Frames.Encode(MessageCode.Echo, "7".PadLeft(100, '.'));

    private readonly GhmsWire _wire = new(broker: true);

    [Test]
    public void Frames_are_those_the_library_writes()
    {
        FrameRing ring = _wire.FlowOf(new Role(Work.Echo, 0), 64).Sent;
        Assert.That(ring.Take(7, 1).ToArray(), Is.EqualTo(Seventh));
        Assert.That(ring.Take(64 + 7, 1).ToArray(), Is.EqualTo(Seventh));
    }

    [Test]
    public void Requests_hold_their_number_and_such_a_message()
    {
        FrameRing ring = _wire.FlowOf(new Role(Work.Request, 0), 64).Sent;
        byte[] expected = Frames.Raw(
            0xFFFF_FF10, [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, (byte)MessageCode.Echo, .. Seventh[Frame.HeaderSize..]]);
        Assert.That(ring.Take(64 + 7, 1).ToArray(), Is.EqualTo(expected));
    }

    [Test]
    public void A_split_fan_out_has_the_same_word_in_both_encodings()
    {
        string word = new string('.', 99) + "7";
        byte[] packed = Frames.Encode(MessageCode.Announcement, word);
        byte[] json = Frames.Raw(MessageCode.Announcement, System.Text.Encoding.ASCII.GetBytes($$"""{"Word":"{{word}}"}"""));
        Assert.That(_wire.FlowOf(new Role(Work.Split, 0), 64).Received.Take(7, 1).ToArray(), Is.EqualTo(packed));
        Assert.That(_wire.FlowOf(new Role(Work.Split, 1), 64).Received.Take(7, 1).ToArray(), Is.EqualTo(json));
    }

    [Test]
    public void The_baseline_sends_no_more_in_a_split_fan_out()
    {
        int two = SizeOf(0) + SizeOf(1);
        int baseline = new GhmsWire(broker: false).FlowOf(new Role(Work.Split, 0), 1).Received.FrameSize;
        Assert.That(2 * baseline, Is.LessThanOrEqualTo(two).And.GreaterThan(two - 2));
    }

    private int SizeOf(int number) => _wire.FlowOf(new Role(Work.Split, number), 1).Received.FrameSize;
}
