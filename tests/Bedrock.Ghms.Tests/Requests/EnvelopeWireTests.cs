using System.Buffers;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests.Wire;
using Bedrock.Ghms.Tests.Protocol.Upgrade;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>An envelope reads the same from one piece of memory and from any number of them.</summary>
internal sealed class EnvelopeWireTests
{
    private const ulong Id = 0x0102_0304_0506_0708;

    private static readonly EnvelopeWire<Reply> Wire = new(() => new Reply(), maybeEmpty: true);

    private readonly InnerMessages _inner = MessageRegistry.Create(
        [new JsonMessageEncoding()],
        [],
        [MessageRegistration.Create<Greeting>(10), MessageRegistration.Create<Farewell>(11)],
        Ghms.HeartbeatCode).Inner[0];

    [Test]
    public void Messages_come_out_as_they_went_in([Range(1, 33, 4)] int piece)
    {
        foreach (object message in new object[] { new Greeting("a"), new Farewell("b"), new Greeting("c") })
        {
            var bytes = Encode(message);
            foreach (var read in Read(bytes, piece))
            {
                Assert.That((read.Id, read.Message, read.Problem), Is.EqualTo((Id, message, default(GhmsProtocolException))));
            }
        }
    }

    [Test]
    public void The_end_of_a_stream_holds_nothing([Range(1, 13, 4)] int piece)
    {
        foreach (var read in Read(Encode(null), piece))
        {
            Assert.That((read.Id, read.Message, read.Problem), Is.EqualTo((Id, default(object), default(GhmsProtocolException))));
        }
    }

    [TestCase(0u, CloseStatus.UnknownMessageCode)]
    [TestCase(4711u, CloseStatus.UnknownMessageCode)]
    [TestCase(11u, CloseStatus.InvalidPayload)]
    public void What_cannot_be_read_is_a_problem_of_this_one(uint code, CloseStatus status)
    {
        byte[] bytes = [.. Encode(null)[..8], .. (ReadOnlySpan<byte>)[0, 0, (byte)(code >> 8), (byte)code], (byte)'{'];
        foreach (var read in Read(bytes, piece: 5))
        {
            Assert.That((read.Id, read.Message, read.Problem?.Status), Is.EqualTo((Id, default(object), (CloseStatus?)status)));
        }
    }

    [Test]
    public void What_is_too_short_is_refused([Range(0, 11)] int length)
    {
        var bytes = Encode(null)[..length];
        Assert.That(() => Wire.Decode(bytes, _inner), Throws.TypeOf<GhmsProtocolException>().With.Property("Status").EqualTo(CloseStatus.ProtocolError));
        Assert.That(
            () => Wire.Decode(Segments.Cut(bytes, 3), _inner), Throws.TypeOf<GhmsProtocolException>().With.Property("Status").EqualTo(CloseStatus.ProtocolError));
    }

    private IEnumerable<Reply> Read(byte[] bytes, int piece) =>
        [Wire.Decode(bytes, _inner), Wire.Decode(new ReadOnlySequence<byte>(bytes), _inner), Wire.Decode(Segments.Cut(bytes, piece), _inner)];

    private byte[] Encode(object? message)
    {
        var output = new ArrayBufferWriter<byte>();
        Wire.Encode(new Reply { Id = Id, Message = message }, _inner, output);
        return output.WrittenSpan.ToArray();
    }
}
