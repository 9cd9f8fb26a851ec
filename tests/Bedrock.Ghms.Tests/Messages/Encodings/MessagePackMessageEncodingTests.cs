using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using MessagePack;
using MessagePack.Formatters;
using MessagePack.Resolvers;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

public sealed class MessagePackMessageEncodingTests
{
    private static readonly MessagePackMessageEncoding Standard = new();

    [Test]
    public void It_has_three_names() =>
        Assert.That(Standard.Names, Is.EqualTo(new[] { "application/vnd.msgpack", "application/msgpack", "application/x-msgpack" }));

    [Test]
    public void It_writes_what_the_library_writes()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Write(new Message { Word = "Hello" }), Is.EqualTo(Json("""{"Word":"Hello"}""")));
            Assert.That(Write(new Indexed { Word = "Hello" }), Is.EqualTo(Json("""["Hello",null]""")));
            Assert.That(Write(new Keyed { Word = "Hello" }), Is.EqualTo(Json("""{"w":"Hello"}""")));
            Assert.That(Write(new Blob { Data = [1] }), Is.EqualTo(new byte[] { 0x81, 0xA4, (byte)'D', (byte)'a', (byte)'t', (byte)'a', 0xC4, 1, 1 }));
        });
    }

    [Test]
    public void Strings_are_written_and_read_as_by_the_library(
        [Values(0, 1, 31, 32, 33, 255, 256, 4_095, 4_096, 4_097, 65_535, 65_536)] int length,
        [Values("", "a", "\0", "\x7F", "é", "€", "😀", "\uD800")] string last)
    {
        var word = new string('x', length) + last;
        var expected = MessagePackSerializer.Serialize(new Tolerant { Text = word, Number = 1 }, ContractlessStandardResolver.Options);
        var written = Write(new Tolerant { Text = word, Number = 1 });
        Assert.That(written, Is.EqualTo(expected));
        Assert.That(Read<Tolerant>(written).Text, Is.EqualTo(MessagePackSerializer.Deserialize<Tolerant>(expected, ContractlessStandardResolver.Options).Text));
    }

    [Test]
    public void Objects_are_read_by_name_index_or_key()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Read<Message>(Json("""{"Word":"Hello"}""")).Word, Is.EqualTo("Hello"));
            Assert.That(Read<Indexed>(Json("""["Hello"]""")).Word, Is.EqualTo("Hello"));
            Assert.That(Read<Keyed>(Json("""{"w":"Hello"}""")).Word, Is.EqualTo("Hello"));
            Assert.That(Read<Point>(Json("[7]")).X, Is.EqualTo(7));
            Assert.That(Read<Greeting>(Json("""{"Text":"Hello"}""")).Text, Is.EqualTo("Hello"));
            Assert.That(Read<IShape>(Json("""[0,["round"]]""")), Is.TypeOf<Circle>());
        });
    }

    [Test]
    public void Unknown_keys_are_skipped_and_case_matters()
    {
        var read = Read<Loose>(Json("""{"text":"other","x":{"y":[1,null,{"z":"€"}]},"Text":"Hello"}"""));
        Assert.Multiple(() =>
        {
            Assert.That(read.Text, Is.EqualTo("Hello"));
            Assert.That(read.NotNull, Is.EqualTo("default"));
            Assert.That(Read<Loose>(Json("""{"text":"other"}""")).Text, Is.Null);
        });
    }

    [Test]
    public void Empty_keys_are_skipped_where_they_name_a_member_and_kept_where_they_are_data()
    {
        var nested = Read<Outer>(Json("""{"":1,"One":{"Word":"Hello","":{"":2}},"":3}"""));
        var mixed = Read<Labels>(Json("""{"":1,"Counts":{"":2,"a":3},"Any":{"":4}}"""));
        Assert.Multiple(() =>
        {
            Assert.That(Read<Message>([0x82, 0xD9, 0x00, 0x01, .. Text("Word"), .. Text("Hello")]).Word, Is.EqualTo("Hello"));
            Assert.That(nested.One!.Word, Is.EqualTo("Hello"));
            Assert.That(mixed.Counts, Is.EqualTo(new Dictionary<string, int> { [""] = 2, ["a"] = 3 }));
            Assert.That(mixed.Any, Is.EqualTo(new Dictionary<object, object> { [""] = 4 }));
            Assert.That(() => Read<Message>(Json("""{"":1}""")), Throws.TypeOf<MessagePackSerializationException>());
        });
    }

    [TestCase("{}", TypeArgs = [typeof(Message)])]
    [TestCase("""{"Word":null}""", TypeArgs = [typeof(Message)])]
    [TestCase("""{"word":"Hello"}""", TypeArgs = [typeof(Message)])]
    [TestCase("{}", TypeArgs = [typeof(Blob)])]
    [TestCase("""{"Data":null}""", TypeArgs = [typeof(Blob)])]
    [TestCase("[]", TypeArgs = [typeof(Indexed)])]
    [TestCase("""[null,"Hello"]""", TypeArgs = [typeof(Indexed)])]
    [TestCase("{}", TypeArgs = [typeof(Greeting)])]
    [TestCase("""{"Text":null}""", TypeArgs = [typeof(Greeting)])]
    [TestCase("""{"One":{}}""", TypeArgs = [typeof(Outer)])]
    [TestCase("""{"Many":[{"Word":"Hello"},{"Word":null}]}""", TypeArgs = [typeof(Outer)])]
    [TestCase("""[0,[null]]""", TypeArgs = [typeof(IShape)])]
    [TestCase("""{"Body":{}}""", TypeArgs = [typeof(Envelope<Message>)])]
    public void What_the_type_requires_must_be_there<T>(string json)
        where T : notnull => Assert.That(() => Read<T>(Json(json)), Throws.TypeOf<MessagePackSerializationException>().With.Message.Contains("missing or nil"));

    [Test]
    public void What_may_be_null_may_be_missing()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Read<Tolerant>(Json("{}")).Text, Is.Null);
            Assert.That(Read<Outer>(Json("""{"One":null}""")).One, Is.Null);
            Assert.That(Read<Envelope<string?>>(Json("""{"Body":null}""")).Body, Is.Null);
            Assert.That(Read<Tuple<string?, string?>>(Json("[null,null]")).Item1, Is.Null);
            Assert.That(Read<Loose>(Json("""{"NotNull":null}""")).NotNull, Is.Null);
        });
    }

    [TestCase("C0")]
    [TestCase("")]
    [TestCase("C1")]
    [TestCase("80 80")]
    [TestCase("80 C0")]
    [TestCase("90")]
    [TestCase("81 A1")]
    [TestCase("81 A1 61")]
    [TestCase("81 A1 61 C1")]
    [TestCase("DF FF FF FF FF")]
    [TestCase("DF 7F FF FF FF A1 61 00")]
    [TestCase("81 A1 61 DD FF FF FF FF")]
    [TestCase("81 A1 61 DB FF FF FF FF 61")]
    [TestCase("81 A1 61 C6 FF FF FF FF 61")]
    [TestCase("81 A1 61 C9 FF FF FF FF 05 61")]
    [TestCase("81 A5 49 74 65 6D 73 DD 7F FF FF FF A0")]
    [TestCase("81 A5 41 72 72 61 79 DC FF FF A0")]
    [TestCase("81 A1 61 DD 00 00 00 02 C0")]
    [TestCase("81 A1 61 CB 00 00 00")]
    [TestCase("81 A1 61 D8 05 00")]
    public void What_is_not_exactly_one_object_is_refused(string hex) =>
        Assert.That(
            () => Read<Loose>(Convert.FromHexString(hex.Replace(" ", ""))),
            Throws.TypeOf<MessagePackSerializationException>());

    [Test]
    public void Every_kind_of_value_is_skipped()
    {
        string[] values =
        [
            "00", "7F", "80", "81 00 00", "90", "91 90", "A0", "A1 61", "C0", "C2", "C3", "C4 01 FF", "C5 00 01 FF", "C6 00 00 00 01 FF",
            "C7 01 05 FF", "C8 00 01 05 FF", "C9 00 00 00 01 05 FF", "CA 00 00 00 00", "CB 00 00 00 00 00 00 00 00", "CC FF", "CD FF FF",
            "CE FF FF FF FF", "CF FF FF FF FF FF FF FF FF", "D0 FF", "D1 FF FF", "D2 FF FF FF FF", "D3 FF FF FF FF FF FF FF FF", "D4 05 FF",
            "D5 05 FF FF", "D6 05 FF FF FF FF", "D7 05 FF FF FF FF FF FF FF FF", "D8 05" + string.Concat(Enumerable.Repeat(" FF", 16)),
            "D9 01 61", "DA 00 01 61", "DB 00 00 00 01 61", "DC 00 01 00", "DD 00 00 00 01 00", "DE 00 01 00 00", "DF 00 00 00 01 00 00", "E0", "FF",
        ];
        foreach (var value in values)
        {
            var payload = Convert.FromHexString($"83A161{value}A162{value}A454657874A5".Replace(" ", "")).Concat("Hello"u8.ToArray()).ToArray();
            Assert.That(Read<Loose>(payload).Text, Is.EqualTo("Hello"), value);
            for (var length = 0; length < payload.Length; length++)
            {
                Assert.That(() => Read<Loose>(payload[..length]), Throws.TypeOf<MessagePackSerializationException>(), value);
            }
        }
    }

    [TestCase("""{"Text":"@@"}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"Any":"@@"}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"Any":{"@@":1}}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"Any":[["@@"]]}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"Items":["@@"]}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"Array":["@@"]}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"Map":{"@@":""}}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"Map":{"":"@@"}}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"unknown":["@@"]}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"@@":1}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""["@@"]""", TypeArgs = [typeof(Indexed)])]
    [TestCase("""{"w":"@@"}""", TypeArgs = [typeof(Keyed)])]
    [TestCase("""{"Word":"@@"}""", TypeArgs = [typeof(Message)])]
    public void Invalid_UTF8_is_refused_wherever_it_stands<T>(string json)
        where T : notnull
    {
        var payload = Json(json);
        new byte[] { 0xC0, 0x80 }.CopyTo(payload, payload.AsSpan().IndexOf("@@"u8));
        foreach (var cut in Payloads.Cuts(payload))
        {
            Assert.That(() => Standard.CreateCodec<T>(null).Decode(cut), Throws.TypeOf<MessagePackSerializationException>());
        }
    }

    [Test]
    public void Sixty_four_levels_are_the_limit()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Read<Tree>(NestedTrees(64)), Is.Not.Null);
            Assert.That(Read<Tree>(Unknown(NestedArrays(63))), Is.Not.Null);
            Assert.That(Read<Loose>([0x81, .. Text("Any"), .. NestedArrays(63)]), Is.Not.Null);
            Assert.That(() => Read<Tree>(NestedTrees(65)), Throws.TypeOf<MessagePackSerializationException>());
            Assert.That(() => Read<Tree>(Unknown(NestedArrays(64))), Throws.TypeOf<MessagePackSerializationException>());
            Assert.That(() => Read<Tree>(Unknown(NestedArrays(100_000))), Throws.TypeOf<MessagePackSerializationException>());
            Assert.That(() => Read<Tree>(Unknown(NestedMaps(100_000))), Throws.TypeOf<MessagePackSerializationException>());
        });
    }

    [Test]
    public void Announced_lengths_reserve_nothing()
    {
        // Each level announces as many elements as bytes follow, which the library alone would believe.
        byte[] payload = [0x81, .. Text("Any"), .. new byte[1_000_000]];
        for (var level = 0; level < 60; level++)
        {
            payload[5 + (5 * level)] = MessagePackCode.Array32;
            BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(6 + (5 * level)), 900_000);
        }

        var codec = Standard.CreateCodec<Loose>(null);
        var sequence = new ReadOnlySequence<byte>(payload);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => codec.Decode(sequence), Throws.TypeOf<MessagePackSerializationException>());
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100_000));
    }

    [Test]
    public void A_factory_is_refused() =>
        Assert.That(() => Standard.CreateCodec(() => new Loose()), Throws.TypeOf<NotSupportedException>().With.Message.Contains(typeof(Loose).FullName!));

    [Test]
    public void A_type_without_a_formatter_is_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => Standard.CreateCodec<Unbuildable>(null), Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(Unbuildable)));
            Assert.That(
                () => Standard.CreateCodec<Hidden>(null),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(Hidden)).And.Message.Contains("public"));
            Assert.That(() => Standard.CreateCodec<Hidden>(null), Throws.TypeOf<NotSupportedException>(), "also the second time");
        });
    }

    [Test]
    public void Typeless_is_refused()
    {
        IFormatterResolver[] resolvers =
        [
            TypelessObjectResolver.Instance,
            TypelessContractlessStandardResolver.Instance,
            CompositeResolver.Create(BuiltinResolver.Instance, TypelessObjectResolver.Instance),
            CompositeResolver.Create(TypelessFormatter.Instance),
        ];
        Assert.Multiple(() =>
        {
            foreach (var resolver in resolvers)
            {
                Assert.That(() => new MessagePackMessageEncoding(resolver), Throws.ArgumentException.With.Property("ParamName").EqualTo("resolver"));
            }

            Assert.That(() => Standard.CreateCodec<Typeless>(null), Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(Typeless)));
            Assert.That(
                () => new MessagePackMessageEncoding(CompositeResolver.Create(new ForceTypelessFormatter<Unbuildable>())).CreateCodec<Unbuildable>(null),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(Unbuildable)));
        });
    }

    [Test]
    public void The_users_resolver_comes_first()
    {
        var codec = new MessagePackMessageEncoding(CompositeResolver.Create(new Shouting())).CreateCodec<Message>(null);
        Assert.Multiple(() =>
        {
            Assert.That(((Message)codec.Decode(Json("""{"Word":"Hello"}"""))).Word, Is.EqualTo("HELLO"));
            Assert.That(codec.Encode(new Message { Word = "Hello" }), Is.EqualTo(Json("""{"Word":"hello"}""")));
        });
    }

    [Test]
    public void What_a_formatter_leaves_over_or_reads_as_null_is_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => With(new Careless(reads: false)).Decode(Json("{}")), Throws.TypeOf<MessagePackSerializationException>().With.Message.Contains("left"));
            Assert.That(() => With(new Careless(reads: true)).Decode(Json("{}")), Throws.TypeOf<MessagePackSerializationException>().With.Message.Contains("null"));
        });
        static MessageCodec With(IMessagePackFormatter<Message?> formatter) =>
            new MessagePackMessageEncoding(CompositeResolver.Create(formatter)).CreateCodec<Message>(null);
    }

    private static byte[] Json(string json) => MessagePackSerializer.ConvertFromJson(json);

    private static byte[] Text(string text) => [(byte)(0xA0 + text.Length), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Unknown(byte[] value) => [0x81, .. Text("unknown"), .. value];

    private static byte[] NestedArrays(int levels) => [.. Enumerable.Repeat((byte)0x91, levels - 1), 0x90];

    private static byte[] NestedMaps(int levels) => [.. Enumerable.Repeat<byte[]>([0x81, 0xC0], levels).SelectMany(level => level), 0xC0];

    private static byte[] NestedTrees(int levels) => [.. Enumerable.Repeat<byte[]>([0x81, .. Text("Child")], levels).SelectMany(level => level), 0xC0];

    private static byte[] Write<T>(T message)
        where T : notnull => Standard.CreateCodec<T>(null).Encode(message);

    private static T Read<T>(byte[] payload)
        where T : notnull => (T)Standard.CreateCodec<T>(null).Decode(payload);

    private sealed class Shouting : IMessagePackFormatter<string?>
    {
        public void Serialize(ref MessagePackWriter writer, string? value, MessagePackSerializerOptions options) => writer.Write(value?.ToLowerInvariant());

        public string? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) => reader.ReadString()?.ToUpperInvariant();
    }

    private sealed class Careless(bool reads) : IMessagePackFormatter<Message?>
    {
        public void Serialize(ref MessagePackWriter writer, Message? value, MessagePackSerializerOptions options) => writer.WriteNil();

        public Message? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
        {
            if (reads)
            {
                reader.Skip();
                return null;
            }

            return new Message { Word = "" };
        }
    }
}
