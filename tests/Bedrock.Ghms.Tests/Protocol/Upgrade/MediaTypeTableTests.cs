using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>The choice among JSON, MessagePack (three names) and binary, preferred in that order.</summary>
public sealed class MediaTypeTableTests
{
    private const string Json = "application/json";
    private const string Pack = "application/vnd.msgpack";
    private const string Alias = "application/msgpack";
    private const string OldAlias = "application/x-msgpack";
    private const string Binary = "application/octet-stream";

    private static string? Choose(MediaTypeTable table, params string[] accept)
    {
        using var parser = new UpgradeRequestParser();
        var fields = string.Concat(accept.Select(value => $"Accept: {value}\r\n"));
        Assert.That(parser.Parse(new(Encoding.Latin1.GetBytes($"GET / HTTP/1.1\r\n{fields}\r\n")), out _), Is.EqualTo(UpgradeParseStatus.Complete));
        var chosen = table.TryChoose(parser.Head, out var index, out var mediaType);
        Assert.That(index, chosen ? Is.InRange(0, 2) : Is.EqualTo(-1));
        return chosen ? mediaType : null;
    }

    // Anything goes.
    [TestCase("", ExpectedResult = Json)]
    [TestCase(" \t", ExpectedResult = Json)]
    [TestCase(",", ExpectedResult = Json)]
    [TestCase("*/*", ExpectedResult = Json)]
    [TestCase("*/*;q=0.001", ExpectedResult = Json)]
    [TestCase("application/*", ExpectedResult = Json)]

    // Names, and names in place of canonical ones.
    [TestCase(Pack, ExpectedResult = Pack)]
    [TestCase(Alias, ExpectedResult = Alias)]
    [TestCase(OldAlias, ExpectedResult = OldAlias)]
    [TestCase("Application/MSGPACK", ExpectedResult = Alias)]
    [TestCase("APPLICATION/*", ExpectedResult = Json)]
    [TestCase(OldAlias + "," + Alias, ExpectedResult = Alias)]
    [TestCase(OldAlias + "," + Alias + ";q=0.9", ExpectedResult = OldAlias)]
    [TestCase(Binary + "," + Pack, ExpectedResult = Pack)]

    // Quality.
    [TestCase(Pack + ", application/json;q=0.5", ExpectedResult = Pack)]
    [TestCase(Pack + ";q=0.5, application/json;q=0.5", ExpectedResult = Json)]
    [TestCase(Pack + ";q=0.501, application/json;q=0.5", ExpectedResult = Pack)]
    [TestCase(Pack + ";Q=1.000, application/json;q=0.999", ExpectedResult = Pack)]
    [TestCase(Pack + ";q=1., application/json;q=0.9", ExpectedResult = Pack)]
    [TestCase(Pack + " ; q=0.9 , application/json\t;\tq=0.8", ExpectedResult = Pack)]
    [TestCase(Pack + ";q=0", ExpectedResult = null)]
    [TestCase(Pack + ";q=0.", ExpectedResult = null)]
    [TestCase(Pack + ";q=0.000", ExpectedResult = null)]

    // The most specific range decides for each name.
    [TestCase("application/json;q=0, */*", ExpectedResult = Pack)]
    [TestCase("*/*, application/json;q=0", ExpectedResult = Pack)]
    [TestCase("application/*;q=0, application/octet-stream;q=0.1, */*", ExpectedResult = Binary)]
    [TestCase("application/json;q=0.1, application/*;q=0.5, */*;q=0.9", ExpectedResult = Pack)]
    [TestCase("*/*;q=0", ExpectedResult = null)]
    [TestCase("text/*, */*;q=0", ExpectedResult = null)]
    [TestCase("application/json;q=0, application/vnd.msgpack;q=0, application/*;q=0.5", ExpectedResult = Alias)]
    [TestCase("application/json;q=0, application/vnd.msgpack;q=0.1, */*", ExpectedResult = Pack)]
    [TestCase("application/json;q=0.2, application/json;v=2;q=0.8, application/vnd.msgpack;q=0.5", ExpectedResult = Json)]

    // Parameters are ignored, but their quotes count.
    [TestCase("application/json;charset=utf-8", ExpectedResult = Json)]
    [TestCase("application/json;x", ExpectedResult = Json)]
    [TestCase("application/json;", ExpectedResult = Json)]
    [TestCase("application/json;;q=0;", ExpectedResult = null)]
    [TestCase("application/json;qq=0", ExpectedResult = Json)]
    [TestCase("application/json;x=\",application/octet-stream,\";q=0.1, application/vnd.msgpack;q=0.2", ExpectedResult = Pack)]
    [TestCase("application/json;x=\";q=0\"", ExpectedResult = Json)]
    [TestCase("application/json;x=\"\\\";q=0,\\\\\";q=0.3, application/octet-stream;q=0.2", ExpectedResult = Json)]
    [TestCase("text/html;x=\"unclosed, application/json", ExpectedResult = null)]
    [TestCase("text/html;x=\"unclosed\\", ExpectedResult = null)]

    // Malformed elements are ignored, and if nothing else is left nothing is acceptable.
    [TestCase("application/json;q=2, application/octet-stream;q=0.1", ExpectedResult = Binary)]
    [TestCase("application/json;q=1.001", ExpectedResult = null)]
    [TestCase("application/json;q=0.1234", ExpectedResult = null)]
    [TestCase("application/json;q=.5", ExpectedResult = null)]
    [TestCase("application/json;q=-0", ExpectedResult = null)]
    [TestCase("application/json;q=0.a", ExpectedResult = null)]
    [TestCase("application/json;q=01", ExpectedResult = null)]
    [TestCase("application/json;q=", ExpectedResult = null)]
    [TestCase("application/json;q", ExpectedResult = null)]
    [TestCase("application/json;q =1", ExpectedResult = null)]
    [TestCase("application/json;q= 1", ExpectedResult = null)]
    [TestCase("application/json;q=\"1\"", ExpectedResult = null)]
    [TestCase("application/json;q=1;q=1", ExpectedResult = null)]
    [TestCase("*/json", ExpectedResult = null)]
    [TestCase("*", ExpectedResult = null)]
    [TestCase("json", ExpectedResult = null)]
    [TestCase("/", ExpectedResult = null)]
    [TestCase("application/", ExpectedResult = null)]
    [TestCase("/json", ExpectedResult = null)]
    [TestCase("application/json/x", ExpectedResult = null)]
    [TestCase("application /json", ExpectedResult = null)]
    [TestCase("application/json x", ExpectedResult = null)]
    [TestCase("application/j\u00e4son", ExpectedResult = null)]
    [TestCase(";application/json", ExpectedResult = null)]
    [TestCase(";q=1", ExpectedResult = null)]
    [TestCase(", ,application/json,,", ExpectedResult = Json)]
    [TestCase("text/html", ExpectedResult = null)]
    public string? Choice(string accept) => Choose(RequestReading.Table, accept);

    [Test]
    public void Several_fields_are_one_list()
    {
        Assert.That(Choose(RequestReading.Table), Is.EqualTo(Json));
        Assert.That(Choose(RequestReading.Table, "", ""), Is.EqualTo(Json));
        Assert.That(Choose(RequestReading.Table, "", "text/html"), Is.Null);
        Assert.That(Choose(RequestReading.Table, "text/html", Binary), Is.EqualTo(Binary));
        Assert.That(Choose(RequestReading.Table, Json + ";q=0.1", Binary + ";q=0.2"), Is.EqualTo(Binary));
    }

    [Test]
    public void Many_names_need_no_special_care()
    {
        var table = new MediaTypeTable(Enumerable.Range(0, 100).Select(i => new[] { $"x/y{i}" }));

        using var parser = new UpgradeRequestParser();
        parser.Parse(new("GET / HTTP/1.1\r\nAccept: x/y99\r\n\r\n"u8.ToArray()), out _);
        Assert.That(table.TryChoose(parser.Head, out var index, out _));
        Assert.That(index, Is.EqualTo(99));
    }

    [Test]
    public void A_table_must_make_sense()
    {
        Assert.That(() => new MediaTypeTable([]), Throws.ArgumentException);
        Assert.That(() => new MediaTypeTable([[]]), Throws.ArgumentException);
        Assert.That(() => new MediaTypeTable([["application/JSON"]]), Throws.ArgumentException);
        Assert.That(() => new MediaTypeTable([["application/json;v=1"]]), Throws.ArgumentException);
        Assert.That(() => new MediaTypeTable([["application/*"]]), Throws.ArgumentException);
        Assert.That(() => new MediaTypeTable([[Json], [Pack, Json]]), Throws.ArgumentException);
        Assert.That(RequestReading.Table.CanonicalNames, Is.EqualTo([Json, Pack, Binary]));
    }
}
