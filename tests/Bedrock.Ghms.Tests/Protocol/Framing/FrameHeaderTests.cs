using System.Buffers;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Protocol.Upgrade;

namespace Bedrock.Ghms.Tests.Protocol.Framing;

public sealed class FrameHeaderTests
{
    private static readonly byte[] Bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];

    [Test]
    public void Both_numbers_are_in_network_order()
    {
        var header = FrameHeader.Read(Bytes);
        Assert.That(header, Is.EqualTo(new FrameHeader(0x01020304, 0x05060708)));
        var written = new byte[8];
        header.Write(written);
        Assert.That(written, Is.EqualTo(Bytes[..8]));
    }

    [Test]
    public void A_header_is_read_across_segments()
    {
        for (var size = 1; size <= 9; size++)
        {
            Assert.That(FrameHeader.TryRead(Segments.Cut(Bytes, size), out var header), Is.True);
            Assert.That(header, Is.EqualTo(new FrameHeader(0x01020304, 0x05060708)));
        }
    }

    [Test]
    public void Seven_bytes_are_no_header()
    {
        Assert.That(FrameHeader.TryRead(Segments.Cut(Bytes.AsMemory(0, 7), 3), out _), Is.False);
        Assert.That(FrameHeader.TryRead(ReadOnlySequence<byte>.Empty, out _), Is.False);
        Assert.That(() => FrameHeader.Read(Bytes.AsSpan(0, 7)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new FrameHeader(1, 2).Write(new byte[7]), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
