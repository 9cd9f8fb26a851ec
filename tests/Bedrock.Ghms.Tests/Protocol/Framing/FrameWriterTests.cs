using System.Buffers;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Protocol.Upgrade;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Protocol.Framing;

public sealed class FrameWriterTests
{
    [Test]
    public void A_payload_over_the_limit_is_refused_and_nothing_is_written()
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.That(
            () => new FrameWriter(4).WriteMessage(new Frame(10, new(new byte[5])), output),
            Throws.TypeOf<GhmsMessageTooLargeException>().With.Message.Contains("5 bytes").And.Message.Contains("at most 4"));
        Assert.That(output.WrittenCount, Is.Zero);
    }

    [Test]
    public void A_Close_has_a_limit_of_its_own()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new FrameWriter(4);
        writer.WriteMessage(new Frame(Ghms.CloseCode, new(new byte[125])), output);
        Assert.That(output.WrittenCount, Is.EqualTo(133));
        Assert.That(
            () => new FrameWriter(1_000).WriteMessage(new Frame(Ghms.CloseCode, new(new byte[126])), output),
            Throws.TypeOf<GhmsMessageTooLargeException>());
    }

    [TestCase(8)]
    [TestCase(9)]
    [TestCase(64)]
    [TestCase(4_096)]
    public void A_payload_of_many_segments_is_written_whole_into_spans_of_any_size(int spanSize)
    {
        var payload = Enumerable.Range(0, 300).Select(i => (byte)i).ToArray();
        var output = new SmallSpans(spanSize);
        new FrameWriter(1_000).WriteMessage(new Frame(10, Segments.Cut(payload, 7)), output);
        Assert.That(output.Written, Is.EqualTo(RawPeer.Frame(10, payload)));
        Assert.That(output.Advances == 1, Is.EqualTo(spanSize >= 308), "one advance when it fits");
    }

    /// <summary>Hands out spans of one size, unless more is asked for.</summary>
    private sealed class SmallSpans(int size) : IBufferWriter<byte>
    {
        private byte[] _lent = [];

        public List<byte> Written { get; } = [];

        public int Advances { get; private set; }

        public void Advance(int count)
        {
            Advances++;
            Written.AddRange(_lent[..count]);
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _lent = new byte[Math.Max(size, sizeHint)];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
