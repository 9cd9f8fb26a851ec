using System.Buffers;

namespace Bedrock.Ghms.Baseline.Tests;

internal sealed class FrameReaderTests
{
    [Test]
    public void Frames_are_whole_whatever_the_segments([Range(1, 40)] int segment)
    {
        byte[] expected = Frames.Many(MessageCode.Echo, 30);
        byte[] part = [.. expected, 0, 0, 0, 10, 0];
        var reader = new FrameReader();
        ReadOnlySequence<byte> received = Segments(part, segment);
        reader.Begin(received);
        var taken = new List<byte>();
        while (reader.TryRead(out Frame frame))
        {
            taken.AddRange(frame.Bytes.Span);
        }

        Assert.That(taken, Is.EqualTo(expected));
        Assert.That(received.Slice(reader.Consumed).Length, Is.EqualTo(5));
    }

    [Test]
    public void A_size_over_the_limit_is_refused_also_across_segments([Values(3, 8, 100)] int segment)
    {
        var reader = new FrameReader();
        reader.Begin(Segments([0, 0, 0, 10, 0x80, 0, 0, 0], segment));
        Assert.That(() => reader.TryRead(out _), Throws.TypeOf<InvalidDataException>());
    }

    private static ReadOnlySequence<byte> Segments(byte[] bytes, int size)
    {
        Segment? first = null;
        Segment? last = null;
        foreach (byte[] piece in bytes.Chunk(size))
        {
            last = new Segment(piece, last);
            first ??= last;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, Segment? previous)
        {
            Memory = bytes;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
