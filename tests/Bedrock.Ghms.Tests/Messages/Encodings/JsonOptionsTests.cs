using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Bedrock.Ghms.Messages.Encodings;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

/// <summary>What the options and contexts that a user brings may and may not do.</summary>
public sealed class JsonOptionsTests
{
    [Test]
    public void Options_need_a_resolver() =>
        Assert.That(() => new JsonMessageEncoding(new JsonSerializerOptions()), Throws.ArgumentException.With.Property("ParamName").EqualTo("options"));

    [Test]
    public void Null_is_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => new JsonMessageEncoding((JsonSerializerOptions)null!), Throws.ArgumentNullException);
            Assert.That(() => new JsonMessageEncoding((JsonSerializerContext)null!), Throws.ArgumentNullException);
        });
    }

    [Test]
    public void A_type_without_a_contract_is_refused()
    {
        var encoding = new JsonMessageEncoding(PlainContext.Default);
        Assert.Multiple(() =>
        {
            Assert.That(() => encoding.CreateCodec<Version>(null), Throws.TypeOf<NotSupportedException>().With.Message.Contains("System.Version"));
            Assert.That(() => encoding.CreateCodec(() => new Version()), Throws.TypeOf<NotSupportedException>().With.Message.Contains("System.Version"));
        });
    }

    [Test]
    public void Names_that_differ_only_in_case_are_refused_at_once()
    {
        var encoding = new JsonMessageEncoding();
        Assert.Multiple(() =>
        {
            Assert.That(() => encoding.CreateCodec<Ambiguous>(null), Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(Ambiguous)));
            Assert.That(() => encoding.CreateCodec(() => new Ambiguous()), Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(Ambiguous)));
        });
    }

    [Test]
    public void A_factory_is_honoured_for_init_only_members_by_reflection_alone()
    {
        var instance = new Fixed { Word = "" };
        new JsonMessageEncoding().CreateCodec(() => instance).Decode("""{"Word":"Hello"}"""u8);
        Assert.Multiple(() =>
        {
            Assert.That(instance.Word, Is.EqualTo("Hello"));
            Assert.That(() => new JsonMessageEncoding(PlainContext.Default).CreateCodec(() => instance), Throws.TypeOf<NotSupportedException>());
        });
    }

    [Test]
    public void Text_is_escaped_as_JSON_asks_unless_the_options_have_an_encoder()
    {
        var message = new Message { Word = "é<'\"" };
        var options = new JsonSerializerOptions(PlainContext.Default.Options) { Encoder = JavaScriptEncoder.Default };
        var escaping = new JsonMessageEncoding(options).CreateCodec<Message>(null);
        var plain = new JsonMessageEncoding(PlainContext.Default).CreateCodec<Message>(null);
        Assert.Multiple(() =>
        {
            Assert.That(plain.Encode(message), Is.EqualTo("""{"Word":"é<'\""}"""u8.ToArray()));
            Assert.That(escaping.Encode(message), Is.EqualTo("""{"Word":"\u00E9\u003C\u0027\u0022"}"""u8.ToArray()));
            Assert.That(plain.Encode(message), Is.EqualTo("""{"Word":"é<'\""}"""u8.ToArray()));
        });
    }

    [Test]
    public void A_converter_is_honoured_but_may_not_make_a_message_null()
    {
        var options = new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver(), Converters = { new NullReader() } };
        Assert.That(() => new JsonMessageEncoding(options).CreateCodec<Message>(null).Decode("{}"u8), Throws.TypeOf<JsonException>());
    }

    [Test]
    public void The_users_options_are_left_alone()
    {
        var options = new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver(), AllowTrailingCommas = true };
        _ = new JsonMessageEncoding(options);
        Assert.That((options.IsReadOnly, options.AllowTrailingCommas, options.MaxDepth), Is.EqualTo((false, true, 0)));
    }

    private sealed class Ambiguous
    {
        public int Word { get; set; }

        public int WORD { get; set; }
    }

    private sealed class NullReader : JsonConverter<Message>
    {
        public override Message? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            reader.Skip();
            return null;
        }

        public override void Write(Utf8JsonWriter writer, Message value, JsonSerializerOptions options) => writer.WriteNullValue();
    }
}
