using System.Text;
using System.Text.Json;
using Bedrock.Ghms.Messages.Encodings;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

/// <summary>What the JSON encoding writes, reads and lets its user configure. Every rule holds whatever options the user brings.</summary>
[TestFixtureSource(nameof(Encodings))]
public sealed class JsonMessageEncodingTests(JsonMessageEncoding encoding)
{
    private static readonly JsonMessageEncoding[] Encodings = [new(), new(PlainContext.Default), new(LenientContext.Default), new(JsonSerializerOptions.Web)];

    [Test]
    public void It_has_one_name() => Assert.That(encoding.Names, Is.EqualTo(new[] { "application/json" }));

    [Test]
    public void Names_are_written_as_declared()
    {
        var loose = new Loose { Map = new() { ["Key"] = "value" } };
        Assert.Multiple(() =>
        {
            Assert.That(Write(new Message { Word = "Hello" }), Is.EqualTo("""{"Word":"Hello"}"""));
            Assert.That(Write(new Blob { Data = [1, 2, 3] }), Is.EqualTo("""{"Data":"AQID"}"""));
            Assert.That(Write(loose), Does.Contain("""
                "Map":{"Key":"value"}
                """));
        });
    }

    [TestCase("""{"Word":"Hello"}""")]
    [TestCase("""{"word":"Hello"}""")]
    [TestCase("""{"WORD":"Hello"}""")]
    [TestCase("""{"\u0057ord":"Hello"}""")]
    [TestCase(" \t\r\n{ \"Word\" : \"Hello\" } \r\n\t ")]
    [TestCase("""{"a":1,"Word":"Hello","b":{"c":[null,{"d":"\ud83d\ude00"}]}}""")]
    public void Names_are_read_without_regard_to_case_and_unknown_ones_skipped(string json) =>
        Assert.That(Read<Message>(json), Is.EqualTo(new Message { Word = "Hello" }));

    [TestCase("""{}""", null, "default", 0)]
    [TestCase("""{"Text":null,"Number":7}""", null, "default", 7)]
    [TestCase("""{"NotNull":"set"}""", null, "set", 0)]
    public void What_is_missing_keeps_its_default(string json, string? text, string notNull, int number)
    {
        var read = Read<Loose>(json);
        Assert.Multiple(() =>
        {
            Assert.That(read.Text, Is.EqualTo(text));
            Assert.That(read.NotNull, Is.EqualTo(notNull));
            Assert.That(read.Number, Is.EqualTo(number));
        });
    }

    [Test]
    public void Constructor_parameters_with_a_default_may_be_missing() =>
        Assert.That(Read<Greeting>("""{"text":"Hello"}"""), Is.EqualTo(new Greeting("Hello")));

    [TestCase("{}", TypeArgs = [typeof(Message)])]
    [TestCase("""{"Word":null}""", TypeArgs = [typeof(Message)])]
    [TestCase("""{"Wor":"Hello"}""", TypeArgs = [typeof(Message)])]
    [TestCase("{}", TypeArgs = [typeof(Blob)])]
    [TestCase("""{"Data":null}""", TypeArgs = [typeof(Blob)])]
    [TestCase("{}", TypeArgs = [typeof(Greeting)])]
    [TestCase("""{"Text":null}""", TypeArgs = [typeof(Greeting)])]
    [TestCase("""{"NotNull":null}""", TypeArgs = [typeof(Loose)])]
    [TestCase("""{"One":{"Word":null}}""", TypeArgs = [typeof(Outer)])]
    [TestCase("""{"Many":[{}]}""", TypeArgs = [typeof(Outer)])]
    public void What_the_type_requires_must_be_there<T>(string json)
        where T : notnull => AssertRefused<T>(json);

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("null")]
    [TestCase(" null ")]
    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("""
        "Hello"
        """)]
    [TestCase("{}{}")]
    [TestCase("{}null")]
    [TestCase("{},")]
    [TestCase("{}\0")]
    [TestCase("\ufeff{}")]
    [TestCase("{}\ufeff")]
    [TestCase("\u00a0{}")]
    [TestCase("{}//")]
    [TestCase("/**/{}")]
    [TestCase("""{"Text":/* a */"b"}""")]
    [TestCase("""{"Text":"b",}""")]
    [TestCase("""{"a":[1,]}""")]
    [TestCase("""{'Text':"b"}""")]
    [TestCase("""{Text:"b"}""")]
    [TestCase("""{"Text":NaN}""")]
    [TestCase("""{"Number":01}""")]
    public void What_is_not_exactly_one_JSON_value_is_refused(string json) => AssertRefused<Loose>(json);

    [TestCase("""{"Text":"\ud800"}""")]
    [TestCase("""{"Text":"\udc00\ud800"}""")]
    [TestCase("""{"Text":"\ud800x"}""")]
    [TestCase("""{"Text":"\uD83D\\uDE00"}""")]
    [TestCase("""{"unknown":"\ud800"}""")]
    [TestCase("""{"unknown":{"deep":["x\udfff"]}}""")]
    [TestCase("""{"\ud800":1}""")]
    [TestCase("""{"unknown":{"\udc00":1}}""")]
    [TestCase("""{"Map":{"\udc00":"1"}}""")]
    public void Lone_surrogates_are_refused(string json) => AssertRefused<Loose>(json);

    [TestCase("""{"Text":"a","Text":"a"}""")]
    [TestCase("""{"Text":"a","text":"a"}""")]
    [TestCase("""{"Text":"a","\u0074ext":"a"}""")]
    [TestCase("""{"x":1,"x":1}""")]
    [TestCase("""{"x":1,"X":1}""")]
    [TestCase("""{"ä":1,"Ä":1}""")]
    [TestCase("""{"":1,"":1}""")]
    [TestCase("""{"x":{"a":1,"A":1}}""")]
    [TestCase("""{"x":[{},{"a":1,"b":{},"A":1}]}""")]
    [TestCase("""{"x":{"a":1},"X":{"b":1}}""")]
    [TestCase("""{"Map":{"key":"1","key":"2"}}""")]
    [TestCase("""{"Map":{"key":"1","KEY":"2"}}""")]
    [TestCase("""{"Any":{"key":"1","KEY":"2"}}""")]
    public void Duplicate_names_are_refused(string json) => AssertRefused<Loose>(json);

    [TestCase("""{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}],"c":{"a":1}}""")]
    [TestCase("""{"ab":1,"a":1,"b":1,"":1,"ba":1}""")]
    public void One_name_in_several_objects_is_no_duplicate(string json) => Assert.That(Read<Loose>(json), Is.Not.Null);

    [Test]
    public void Many_names_are_told_apart([Values(1, 15, 16, 17, 1000, 100_000)] int count)
    {
        var names = Enumerable.Range(0, count).Select(i => $"\"name{i}\":{{\"x\":{i}}}").ToArray();
        Assert.That(Read<Loose>($"{{{string.Join(',', names)}}}"), Is.Not.Null);
        AssertRefused<Loose>($"{{{string.Join(',', names)},\"NAME{count / 2}\":0}}");
    }

    [Test]
    public void A_long_name_is_told_apart()
    {
        var name = new string('n', 5000);
        Assert.That(Read<Loose>($$"""{"a":1,"{{name}}":1,"{{name}}m":1}"""), Is.Not.Null);
        AssertRefused<Loose>($$"""{"a":1,"{{name}}":1,"{{name.ToUpperInvariant()}}":1}""");
    }

    [TestCase("Text")]
    [TestCase("unknown")]
    public void Invalid_UTF8_is_refused(string name)
    {
        byte[][] invalid = [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80]];
        var codec = encoding.CreateCodec<Loose>(null);
        foreach (var bytes in invalid)
        {
            Assert.That(() => codec.Decode([.. Encoding.UTF8.GetBytes($"{{\"{name}\":\""), .. bytes, .. "\"}"u8]), Throws.Exception);
            Assert.That(() => codec.Decode([.. "{\""u8, .. bytes, .. "\":1}"u8]), Throws.Exception);
        }
    }

    [Test]
    public void Sixty_four_levels_are_the_limit()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Read<Tree>(Nested("""{"Child":""", "null", "}", 64)), Is.Not.Null);
            Assert.That(Read<Tree>($$"""{"unknown":{{Nested("[", "", "]", 63)}}}"""), Is.Not.Null);
        });
        AssertRefused<Tree>(Nested("""{"Child":""", "null", "}", 65));
        AssertRefused<Tree>($$"""{"unknown":{{Nested("[", "", "]", 64)}}}""");
        AssertRefused<Tree>($$"""{"unknown":{{Nested("[", "", "]", 100_000)}}}""");
    }

    [Test]
    public void A_message_nested_too_deep_is_not_sent()
    {
        Tree tree = new();
        for (var level = 1; level < 65; level++)
        {
            tree = new Tree { Child = tree };
        }

        Assert.That(() => Write(tree), Throws.TypeOf<JsonException>());
    }

    [Test]
    public void The_factory_provides_the_instance()
    {
        var instance = new Message { Word = "" };
        var codec = encoding.CreateCodec(() => instance);
        Assert.Multiple(() =>
        {
            Assert.That(codec.Decode("""{"word":"Hello"}"""u8), Is.SameAs(instance));
            Assert.That(instance.Word, Is.EqualTo("Hello"));
            Assert.That(() => codec.Decode("{}"u8), Throws.TypeOf<JsonException>(), "required still is");
            Assert.That(Read<Message>("""{"word":"other"}"""), Is.Not.SameAs(instance), "another codec of the encoding");
        });
    }

    [Test]
    public void The_factory_makes_the_whole_message_only()
    {
        var root = new Tree();
        var read = (Tree)encoding.CreateCodec(() => root).Decode("""{"Child":{}}"""u8);
        Assert.That((read, read.Child), Is.EqualTo((root, root.Child)).And.Not.EqualTo((root, root)));
    }

    [Test]
    public void A_factory_is_refused_where_it_could_not_be_honoured()
    {
        Assert.Multiple(() =>
        {
            Assert.That(
                () => encoding.CreateCodec(() => new Greeting("")),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains(typeof(Greeting).FullName!));
            Assert.That(() => encoding.CreateCodec(() => ""), Throws.TypeOf<NotSupportedException>().With.Message.Contains("System.String"));
        });
    }

    private static string Nested(string open, string inner, string close, int levels) =>
        string.Concat(Enumerable.Repeat(open, levels)) + inner + string.Concat(Enumerable.Repeat(close, levels));

    private string Write<T>(T message)
        where T : notnull => Encoding.UTF8.GetString(encoding.CreateCodec<T>(null).Encode(message));

    private T Read<T>(string json)
        where T : notnull => (T)encoding.CreateCodec<T>(null).Decode(Encoding.UTF8.GetBytes(json));

    private void AssertRefused<T>(string json)
        where T : notnull => Assert.That(() => Read<T>(json), Throws.InstanceOf<JsonException>().Or.TypeOf<InvalidOperationException>());
}
