using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

/// <summary>One JSON writer serves a thread: what one message does must not show in another.</summary>
public sealed class JsonWriterReuseTests
{
    private static readonly MessageCodec Plain = new JsonMessageEncoding().CreateCodec<Message>(null);

    [Test]
    public void A_converter_may_encode_another_message()
    {
        byte[]? inner = null;
        var outer = With(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("Word", "outer");
            inner = Plain.Encode(new Message { Word = "inner" });
            writer.WriteEndObject();
        });
        Assert.Multiple(() =>
        {
            Assert.That(outer.Encode(new Message { Word = "" }), Is.EqualTo("""{"Word":"outer"}"""u8.ToArray()));
            Assert.That(inner, Is.EqualTo("""{"Word":"inner"}"""u8.ToArray()));
        });
    }

    [Test]
    public void A_converter_that_throws_leaves_the_next_message_intact()
    {
        var failing = With(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("Word", "half");
            throw new FormatException();
        });
        Assert.Multiple(() =>
        {
            Assert.That(() => failing.Encode(new Message { Word = "" }), Throws.TypeOf<FormatException>());
            Assert.That(Plain.Encode(new Message { Word = "whole" }), Is.EqualTo("""{"Word":"whole"}"""u8.ToArray()));
        });
    }

    [Test]
    public void The_output_is_not_kept([Values] bool throws)
    {
        var codec = throws ? With(_ => throw new FormatException()) : Plain;
        var output = Encode(codec);
        GC.Collect();
        Assert.That(output.IsAlive, Is.False);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Encode(MessageCodec codec)
        {
            var output = new ArrayBufferWriter<byte>();
            try
            {
                codec.Encode(new Message { Word = "" }, output);
            }
            catch (FormatException)
            {
            }

            return new WeakReference(output);
        }
    }

    private static MessageCodec With(Action<Utf8JsonWriter> write) => new JsonMessageEncoding(
        new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver(), Converters = { new Converter(write) } }).CreateCodec<Message>(null);

    private sealed class Converter(Action<Utf8JsonWriter> write) : JsonConverter<Message>
    {
        public override Message? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Message value, JsonSerializerOptions options) => write(writer);
    }
}
