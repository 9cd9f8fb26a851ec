using System.Buffers;
using System.Text.Json;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Protocol.Upgrade;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Protocol.Framing;

public sealed class FrameVectorTests
{
    [TestCaseSource(nameof(Frames))]
    public void The_bytes_of_a_frame_are_read_and_written(JsonElement vector)
    {
        var (code, payload, bytes) = (vector.GetProperty("code").GetUInt32(), vector.GetProperty("payload").Hex(), vector.GetProperty("bytes").Hex());
        var written = new ArrayBufferWriter<byte>();
        new FrameWriter(1_000_000).WriteMessage(new Frame(code, new(payload)), written);
        Assert.That(written.WrittenSpan.SequenceEqual(bytes), Is.True, "written");
        foreach (var input in Cuts(bytes))
        {
            var (consumed, examined) = (input.Start, input.Start);
            Assert.That(new FrameReader(1_000_000).TryParseMessage(input, ref consumed, ref examined, out var frame), Is.True);
            Assert.That(frame.Code, Is.EqualTo(code));
            Assert.That(frame.Payload.ToArray().AsSpan().SequenceEqual(payload), Is.True, "read");
            Assert.That(input.Slice(consumed).IsEmpty, Is.True);
            Assert.That(examined, Is.EqualTo(consumed));
        }
    }

    [TestCaseSource(nameof(Frames))]
    public void A_frame_that_grows_byte_by_byte_is_read_once_it_is_whole(JsonElement vector)
    {
        var bytes = vector.GetProperty("bytes").Hex();
        var reader = new FrameReader(1_000_000);

        // Long payloads grow in steps: every length near both ends, some between.
        var lengths = Enumerable.Range(0, bytes.Length).Where(length => length < 300 || length > bytes.Length - 20 || length % 997 == 0);
        foreach (var length in lengths)
        {
            var input = new ReadOnlySequence<byte>(bytes, 0, length);
            var (consumed, examined) = (input.Start, input.Start);
            Assert.That(reader.TryParseMessage(input, ref consumed, ref examined, out _), Is.False);
            Assert.That((input.Slice(consumed).Length, input.Slice(examined).Length), Is.EqualTo(((long)length, 0L)));
            Assert.That(reader.IsInsideFrame, Is.EqualTo(length > 0));
        }

        var whole = new ReadOnlySequence<byte>(bytes);
        var (start, end) = (whole.Start, whole.Start);
        Assert.That(reader.TryParseMessage(whole, ref start, ref end, out var frame), Is.True);
        Assert.That(frame.Payload.Length, Is.EqualTo(bytes.Length - FrameHeader.Size));
        Assert.That(reader.IsInsideFrame, Is.False);
    }

    private static IEnumerable<TestCaseData> Frames() => Vectors.Cases("frames.json", "frames");

    private static IEnumerable<ReadOnlySequence<byte>> Cuts(byte[] bytes)
    {
        yield return new(bytes);
        yield return Segments.Of(default, bytes);
        yield return Segments.Cut(bytes, bytes.Length < 1_000 ? 1 : 613);
        foreach (var cut in Enumerable.Range(1, Math.Min(bytes.Length - 1, 40)))
        {
            yield return Segments.Of(bytes.AsMemory(0, cut), bytes.AsMemory(cut));
        }
    }
}
