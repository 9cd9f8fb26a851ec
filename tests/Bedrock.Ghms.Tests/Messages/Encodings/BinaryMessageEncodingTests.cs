using System.Buffers;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

public sealed class BinaryMessageEncodingTests
{
    private static readonly BinaryMessageEncoding Encoding = new();

    [Test]
    public void It_has_one_name() => Assert.That(Encoding.Names, Is.EqualTo(new[] { "application/octet-stream" }));

    [Test]
    public void The_message_writes_and_reads_its_own_bytes()
    {
        var codec = Encoding.CreateCodec(() => new Number());
        Assert.Multiple(() =>
        {
            Assert.That(codec.Encode(new Number { Value = 0x01020304 }), Is.EqualTo(new byte[] { 1, 2, 3, 4 }));
            Assert.That(codec.Decode([1, 2, 3, 4]), Is.TypeOf<Number>().With.Property("Value").EqualTo(0x01020304));
        });
    }

    [Test]
    public void The_factory_provides_the_instance()
    {
        var instance = new Number();
        Assert.That(Encoding.CreateCodec(() => instance).Decode([0, 0, 0, 1]), Is.SameAs(instance));
    }

    [Test]
    public void What_the_message_throws_reaches_the_caller() =>
        Assert.That(() => Encoding.CreateCodec(() => new Number()).Decode([1, 2, 3]), Throws.TypeOf<FormatException>());

    [Test]
    public void A_struct_is_filled() =>
        Assert.That(((Tally)Encoding.CreateCodec(() => default(Tally)).Decode([1, 2, 3])).Bytes, Is.EqualTo(3));

    [Test]
    public void A_type_that_is_not_binary_is_refused() =>
        Assert.That(() => Encoding.CreateCodec(() => new Blob { Data = [] }), Throws.TypeOf<NotSupportedException>().With.Message.Contains(typeof(Blob).FullName!));

    [Test]
    public void A_type_without_a_factory_is_refused() =>
        Assert.That(
            () => Encoding.CreateCodec<Number>(null),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains(typeof(Number).FullName!).And.Message.Contains("needs a factory"));

    [Test]
    public void A_factory_that_returns_null_fails_the_decoding() =>
        Assert.That(() => Encoding.CreateCodec<Number>(() => null!).Decode([0, 0, 0, 1]), Throws.InvalidOperationException);

    private struct Tally : IBinaryMessage
    {
        public long Bytes { get; private set; }

        public readonly void Write(IBufferWriter<byte> output) => output.Write(new byte[Bytes]);

        public void Read(ReadOnlySequence<byte> payload) => Bytes = payload.Length;
    }
}
