using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Bedrock.Framework.Protocols;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.BedrockFramework.Tests;

/// <summary>Frames through Bedrock's own protocol reader and writer.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FrameTests
{
    private readonly Pipe _pipe = new();
    private readonly FrameMessageReader _frames = new(maxMessageSize: 100);

    [Test]
    public async Task What_one_side_writes_the_other_reads()
    {
        await using var writer = new ProtocolWriter(_pipe.Writer);
        await writer.WriteManyAsync(new FrameMessageWriter(), [Frame(10, "first"), Frame(1, ""), Frame(0xFFFF_FEFF, "last")]);
        await using var reader = new ProtocolReader(_pipe.Reader);
        Assert.That(await ReadAsync(reader), Is.EqualTo((10u, "first")));
        Assert.That(await ReadAsync(reader), Is.EqualTo((1u, "")));
        Assert.That(await ReadAsync(reader), Is.EqualTo((0xFFFF_FEFFu, "last")));
    }

    [Test]
    public async Task A_frame_may_arrive_byte_by_byte()
    {
        await using var reader = new ProtocolReader(_pipe.Reader);
        var reading = ReadAsync(reader);
        foreach (var each in Bytes(10, 5, "hello"))
        {
            Assert.That(reading.IsCompleted, Is.False);
            await _pipe.Writer.WriteAsync(new[] { each });
        }

        Assert.That(await reading.InTime(), Is.EqualTo((10u, "hello")));
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(10)]
    public async Task An_end_inside_a_frame_is_told_from_one_between_two(int sent)
    {
        await _pipe.Writer.WriteAsync(Bytes(10, 5, "hello").AsMemory(0, sent));
        await _pipe.Writer.CompleteAsync();
        await using var reader = new ProtocolReader(_pipe.Reader);
        var result = await reader.ReadAsync(_frames).InTime();
        Assert.That((result.IsCompleted, _frames.IsInsideFrame), Is.EqualTo((true, sent > 0)));
    }

    [Test]
    public async Task A_header_that_breaks_a_rule_is_an_error_before_its_payload_comes()
    {
        await _pipe.Writer.WriteAsync(Bytes(10, 101, ""));
        await using var reader = new ProtocolReader(_pipe.Reader);
        Assert.That(
            async () => await reader.ReadAsync(_frames).InTime(),
            Throws.TypeOf<GhmsProtocolException>().With.Property(nameof(GhmsProtocolException.Status)).EqualTo(CloseStatus.MessageTooBig));
    }

    [Test]
    public async Task A_payload_that_is_too_big_is_an_error_and_leaves_nothing_behind()
    {
        await using var writer = new ProtocolWriter(_pipe.Writer);
        var frames = new FrameMessageWriter(maxMessageSize: 5);
        Assert.That(async () => await writer.WriteAsync(frames, Frame(10, "sixsix")), Throws.TypeOf<GhmsMessageTooLargeException>());
        await writer.WriteAsync(frames, Frame(11, "five5"));
        await using var reader = new ProtocolReader(_pipe.Reader);
        Assert.That(await ReadAsync(reader), Is.EqualTo((11u, "five5")));
    }

    private async Task<(uint Code, string Payload)> ReadAsync(ProtocolReader reader)
    {
        var result = await reader.ReadAsync(_frames).InTime();
        var message = (result.Message.Code, Encoding.UTF8.GetString(result.Message.Payload));
        reader.Advance();
        return message;
    }

    private static Frame Frame(uint code, string payload) => new(code, new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(payload)));

    private static byte[] Bytes(uint code, uint length, string payload)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, code);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), length);
        return [.. bytes, .. Encoding.UTF8.GetBytes(payload)];
    }
}
