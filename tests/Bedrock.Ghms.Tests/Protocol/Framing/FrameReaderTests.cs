using System.Buffers;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Protocol.Upgrade;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Protocol.Framing;

public sealed class FrameReaderTests
{
    [Test]
    public void Several_frames_in_one_input_come_one_by_one()
    {
        byte[] bytes = [.. RawPeer.Frame(10, "a"u8), .. RawPeer.Frame(1, ""u8), .. RawPeer.Frame(11, "bc"u8), 0, 0];
        for (var size = 1; size <= bytes.Length; size++)
        {
            var reader = new FrameReader(100);
            var input = Segments.Cut(bytes, size);
            var codes = new List<uint>();
            var (consumed, examined) = (input.Start, input.Start);
            while (reader.TryParseMessage(input, ref consumed, ref examined, out var frame))
            {
                codes.Add(frame.Code);
                input = input.Slice(consumed);
            }

            Assert.That(codes, Is.EqualTo(new uint[] { 10, 1, 11 }), $"segments of {size}");
            Assert.That((input.Length, reader.IsInsideFrame), Is.EqualTo((2L, true)));
        }
    }

    [TestCase(10u, 101u, CloseStatus.MessageTooBig)]
    [TestCase(10u, uint.MaxValue, CloseStatus.MessageTooBig)]
    [TestCase(99u, 1u, CloseStatus.UnknownMessageCode)]
    [TestCase(99u, 101u, CloseStatus.MessageTooBig, Description = "size comes before code")]
    [TestCase(0u, 126u, CloseStatus.ProtocolError)]
    [TestCase(0u, uint.MaxValue, CloseStatus.ProtocolError)]
    [TestCase(1u, 1u, CloseStatus.ProtocolError)]
    [TestCase(1u, uint.MaxValue, CloseStatus.ProtocolError)]
    public void A_header_that_breaks_a_rule_is_refused_before_its_payload_arrives(uint code, uint length, CloseStatus status)
    {
        var reader = new FrameReader(100, isKnown: known => known == 10);
        var header = new byte[FrameHeader.Size];
        new FrameHeader(code, length).Write(header);
        Assert.That(TryRead(reader, header[..7]), Is.Null, "seven bytes are not a header");
        var error = Assert.Throws<GhmsProtocolException>(() => TryRead(reader, header));
        Assert.That(error!.Status, Is.EqualTo(status));
    }

    [TestCase(10u, 100u)]
    [TestCase(0u, 125u)]
    [TestCase(1u, 0u)]
    public void A_message_as_large_as_its_limit_is_taken(uint code, uint length)
    {
        var reader = new FrameReader(100, isKnown: known => known == 10);
        Assert.That(TryRead(reader, RawPeer.Frame(code, new byte[length]))?.Payload.Length, Is.EqualTo(length));
    }

    [Test]
    public void Close_and_Heartbeat_have_limits_of_their_own_even_below_theirs()
    {
        var reader = new FrameReader(3, isKnown: _ => false);
        Assert.That(TryRead(reader, RawPeer.Frame(Ghms.CloseCode, new byte[125])), Is.Not.Null);
        Assert.That(TryRead(reader, RawPeer.Frame(Ghms.HeartbeatCode, [])), Is.Not.Null);
    }

    [Test]
    public void A_moved_heartbeat_code_is_the_one_that_counts()
    {
        var reader = new FrameReader(100, heartbeatCode: 50, isKnown: _ => false);
        Assert.That(TryRead(reader, RawPeer.Frame(50, [])), Is.Not.Null);
        Assert.That(
            Assert.Throws<GhmsProtocolException>(() => TryRead(reader, RawPeer.Frame(1, [])))!.Status, Is.EqualTo(CloseStatus.UnknownMessageCode));
    }

    [Test]
    public void Without_a_question_every_code_is_known()
        => Assert.That(TryRead(new FrameReader(100), RawPeer.Frame(uint.MaxValue, "x"u8))?.Code, Is.EqualTo(uint.MaxValue));

    [Test]
    public void A_large_payload_in_many_segments_is_judged_once()
    {
        var asked = 0;
        var reader = new FrameReader(1_000_000, isKnown: _ => ++asked > 0);
        var bytes = RawPeer.Frame(10, new byte[500_000]);
        for (var length = 8; length < bytes.Length; length += 1_024)
        {
            Assert.That(TryRead(reader, bytes[..length]), Is.Null);
        }

        Assert.That(TryRead(reader, bytes), Is.Not.Null);
        Assert.That(asked, Is.EqualTo(1));
    }

    [Test]
    public void A_code_is_asked_about_when_it_differs_from_the_one_before()
    {
        var asked = new List<uint>();
        var reader = new FrameReader(3, isKnown: code =>
        {
            asked.Add(code);
            return code != 12;
        });
        foreach (var code in (uint[])[10, 10, Ghms.HeartbeatCode, 10, 11, 10])
        {
            Assert.That(TryRead(reader, RawPeer.Frame(code, [])), Is.Not.Null);
        }

        Assert.That(asked, Is.EqualTo([10, 11, 10]));
        Assert.Throws<GhmsProtocolException>(() => TryRead(reader, RawPeer.Frame(12, [])));
        Assert.That(
            Assert.Throws<GhmsProtocolException>(() => TryRead(reader, RawPeer.Frame(10, new byte[4])))!.Status, Is.EqualTo(CloseStatus.MessageTooBig));
    }

    private static Frame? TryRead(FrameReader reader, byte[] bytes)
    {
        var input = new ReadOnlySequence<byte>(bytes);
        var (consumed, examined) = (input.Start, input.Start);
        return reader.TryParseMessage(input, ref consumed, ref examined, out var frame) ? frame : null;
    }
}
