using System.Buffers;
using System.Text;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using FsCheck;
using FsCheck.Fluent;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

/// <summary>What holds for every encoding.</summary>
public sealed class CodecTests
{
    private static readonly Number Pooled = new();
    private static readonly MessageCodec BinaryCodec = new BinaryMessageEncoding().CreateCodec(() => Pooled);

    private static readonly MessageEncoding[] Describing =
    [
        new JsonMessageEncoding(),
        new JsonMessageEncoding(PlainContext.Default),
        new JsonMessageEncoding(LenientContext.Default),
        new MessagePackMessageEncoding(),
    ];

    private static readonly Message Short = new() { Word = "Hello é €" };

    [TestCaseSource(nameof(Describing))]
    public void A_message_reads_the_same_however_it_is_cut(MessageEncoding encoding)
    {
        var codec = encoding.CreateCodec<Message>(null);
        foreach (var payload in Payloads.Cuts(codec.Encode(Short)))
        {
            Assert.That(codec.Decode(payload), Is.EqualTo(Short));
        }
    }

    [Test]
    public void A_binary_message_reads_the_same_however_it_is_cut()
    {
        foreach (var payload in Payloads.Cuts([0x12, 0x34, 0x56, 0x78]))
        {
            Assert.That(((Number)BinaryCodec.Decode(payload)).Value, Is.EqualTo(0x12345678));
        }
    }

    [TestCaseSource(nameof(Describing))]
    public void Every_text_survives_the_round_trip(MessageEncoding encoding)
    {
        var message = encoding.CreateCodec<Message>(null);
        var loose = encoding.CreateCodec<Loose>(null);
        Prop.ForAll<string[], int>((texts, number) =>
        {
            var items = texts.Select(WellFormed).ToList();
            var map = items.DistinctBy(item => item, StringComparer.OrdinalIgnoreCase).ToDictionary(item => item);
            var sent = new Loose { Text = items.FirstOrDefault(), Number = number, Items = items, Array = [.. items], Map = map };
            var received = (Loose)loose.Decode(loose.Encode(sent));
            return received.Text == sent.Text
                && received.Number == number
                && received.Items!.SequenceEqual(items)
                && received.Array!.SequenceEqual(items)
                && received.Map!.Count == map.Count && received.Map.All(map.Contains)
                && items.All(item => message.Decode(message.Encode(new Message { Word = item })) is Message { Word: var word } && word == item);
        }).QuickCheckThrowOnFailure();
    }

    [TestCaseSource(nameof(Describing))]
    public void Bytes_survive_the_round_trip(MessageEncoding encoding)
    {
        var codec = encoding.CreateCodec<Blob>(null);
        Prop.ForAll<byte[]>(data => ((Blob)codec.Decode(codec.Encode(new Blob { Data = data }))).Data.AsSpan().SequenceEqual(data)).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Numbers_survive_the_round_trip() =>
        Prop.ForAll<int>(value => ((Number)BinaryCodec.Decode(BinaryCodec.Encode(new Number { Value = value }))).Value == value).QuickCheckThrowOnFailure();

    [TestCaseSource(nameof(Describing))]
    public void A_big_message_survives_the_round_trip(MessageEncoding encoding)
    {
        var codec = encoding.CreateCodec<Loose>(null);
        var sent = new Loose { Items = [.. Enumerable.Range(0, 50_000).Select(i => $"item {i}")] };
        Assert.That(((Loose)codec.Decode(codec.Encode(sent))).Items, Is.EqualTo(sent.Items));
    }

    [TestCaseSource(nameof(Describing))]
    public void Garbage_is_a_message_or_an_ordinary_exception(MessageEncoding encoding)
    {
        MessageCodec[] codecs =
        [
            encoding.CreateCodec<Message>(null),
            encoding.CreateCodec<Blob>(null),
            encoding.CreateCodec<Loose>(null),
            encoding.CreateCodec<Tree>(null),
        ];
        var valid = encoding.CreateCodec<Loose>(null).Encode(new Loose
        {
            Text = "text €",
            Any = "any",
            Items = ["one", "two"],
            Array = ["three"],
            Map = new() { ["key"] = "value" },
        });
        var random = new Random(20260101);
        for (var i = 0; i < 2_000; i++)
        {
            var payload = i % 2 == 0 ? new byte[random.Next(40)] : valid.AsSpan(0, random.Next(valid.Length + 1)).ToArray();
            if (i % 2 == 0)
            {
                random.NextBytes(payload);
            }

            for (var change = random.Next(3); change > 0 && payload.Length > 0; change--)
            {
                payload[random.Next(payload.Length)] = (byte)random.Next(256);
            }

            foreach (var codec in codecs)
            {
                AssertHarmless(codec, payload);
            }
        }
    }

    [TestCaseSource(nameof(Describing))]
    public void An_output_that_is_full_speaks_for_itself_and_leaves_the_next_message_intact(MessageEncoding encoding)
    {
        var codec = encoding.CreateCodec<Message>(null);
        Assert.Multiple(() =>
        {
            Assert.That(() => codec.Encode(new Message { Word = new string('x', 10_000) }, new Full()), Throws.TypeOf<GhmsMessageTooLargeException>());
            Assert.That(codec.Decode(codec.Encode(Short)), Is.EqualTo(Short));
        });
    }

    [TestCaseSource(nameof(Describing))]
    public void Encoding_allocates_nothing(MessageEncoding encoding)
    {
        var message = encoding.CreateCodec<Message>(null);
        var blob = encoding.CreateCodec<Blob>(null);
        var data = new Blob { Data = new byte[2000] };
        var output = new ArrayBufferWriter<byte>(16_384);
        Assert.That(Allocated(() =>
        {
            output.ResetWrittenCount();
            message.Encode(Short, output);
            blob.Encode(data, output);
        }), Is.Zero);
    }

    // System.Text.Json itself allocates a set of flags a message for types with required members, hence a type without.
    [TestCaseSource(nameof(Describing))]
    public void Decoding_allocates_the_message_and_its_strings(MessageEncoding encoding)
    {
        var codec = encoding.CreateCodec<Note>(null);
        AssertAllocatesAs(codec, codec.Encode(new Note { Text = Short.Word }), () => new Note { Text = new string('x', Short.Word.Length) });
    }

    [Test]
    public void Required_members_cost_MessagePack_nothing()
    {
        var codec = new MessagePackMessageEncoding().CreateCodec<Message>(null);
        AssertAllocatesAs(codec, codec.Encode(Short), () => new Message { Word = new string('x', Short.Word.Length) });
    }

    [Test]
    public void Binary_messages_allocate_nothing_with_a_pooling_factory()
    {
        var payload = new ReadOnlySequence<byte>([1, 2, 3, 4]);
        var output = new ArrayBufferWriter<byte>(16);
        Assert.That(Allocated(() =>
        {
            output.ResetWrittenCount();
            BinaryCodec.Encode(BinaryCodec.Decode(payload), output);
        }), Is.Zero);
    }

    private static void AssertAllocatesAs(MessageCodec codec, byte[] payload, Func<object> create)
    {
        var whole = new ReadOnlySequence<byte>(payload);
        var pieces = Payloads.Cuts(payload).Last();
        var needed = Allocated(() => GC.KeepAlive(create()));
        Assert.Multiple(() =>
        {
            Assert.That(Allocated(() => codec.Decode(whole)), Is.EqualTo(needed));
            Assert.That(Allocated(() => codec.Decode(pieces)), Is.EqualTo(needed));
        });
    }

    private static long Allocated(Action action)
    {
        const int Rounds = 100;
        for (var i = 0; i < Rounds; i++)
        {
            action();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            action();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
    }

    private static void AssertHarmless(MessageCodec codec, byte[] payload)
    {
        try
        {
            Assert.That(codec.Decode(payload), Is.Not.Null);
        }
        catch (Exception exception) when (exception is not (OutOfMemoryException or AssertionException or NullReferenceException or IndexOutOfRangeException))
        {
        }
    }

    // Lone surrogates are no text; an encoder writes U+FFFD for them.
    private static string WellFormed(string? text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text ?? ""));

    private sealed class Full : IBufferWriter<byte>
    {
        public void Advance(int count)
        {
            if (count > 100)
            {
                throw new GhmsMessageTooLargeException("full");
            }
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => new byte[Math.Max(sizeHint, 256)];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
