using System.Buffers;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

public sealed class UpgradeRequestWriterTests
{
    private static byte[] Write(UpgradeRequest request)
    {
        var output = new ArrayBufferWriter<byte>();
        try
        {
            UpgradeRequestWriter.Write(output, request);
        }
        catch
        {
            Assert.That(output.WrittenCount, Is.Zero);
            throw;
        }

        return output.WrittenSpan.ToArray();
    }

    [Test]
    public void Smallest_request_to_the_byte()
        => Assert.That(Encoding.ASCII.GetString(Write(new() { Host = "localhost", Accept = ["application/json"] })), Is.EqualTo(
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nAccept: application/json\r\n\r\n"));

    [Test]
    public void Full_request_to_the_byte() => Assert.That(
        Encoding.ASCII.GetString(Write(new()
        {
            Path = "/orders?a=b",
            Host = "[::1]:5000",
            Accept = ["application/vnd.msgpack", "application/json", "x/y"],
            Timeout = TimeSpan.FromMilliseconds(100),
            MaxMessageSize = uint.MaxValue,
            Fields = [new("Authorization", "Bearer x"), new("Empty", "")],
        })),
        Is.EqualTo(
            "GET /orders?a=b HTTP/1.1\r\nHost: [::1]:5000\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n"
            + "Accept: application/vnd.msgpack, application/json;q=0.9, x/y;q=0.8\r\n"
            + "GHMS-Timeout: 100\r\nGHMS-Max-Message-Size: 4294967295\r\nAuthorization: Bearer x\r\nEmpty: \r\n\r\n"));

    [TestCase(10, ";q=0.1\r\n")]
    [TestCase(11, ";q=0.9\r\n")]
    [TestCase(100, ";q=0.01\r\n")]
    public void Order_is_kept_by_falling_quality(int count, string last)
    {
        var names = Enumerable.Range(0, count).Select(i => $"x/y{i}").ToArray();
        var bytes = Write(new() { Host = "a", Accept = names });
        Assert.That(Encoding.ASCII.GetString(bytes), Does.Contain(last));

        using var parser = new UpgradeRequestParser();
        parser.Parse(new(bytes), out _);
        for (var known = 0; known < count; known++)
        {
            var table = new MediaTypeTable(names[known..].Reverse().Select(name => new[] { name }));
            Assert.That(table.TryChoose(parser.Head, out _, out var chosen));
            Assert.That(chosen, Is.EqualTo(names[known]));
        }
    }

    [Test]
    public void Longest_path_is_read_by_our_own_parser()
    {
        var path = "/" + new string('a', 8_178);

        Assert.That(RequestReading.Of(Write(new() { Host = "a", Accept = ["application/json"], Path = path })).Verdict, Is.EqualTo(UpgradeRejection.None));
        Assert.That(() => Write(new() { Host = "a", Accept = ["application/json"], Path = path + "a" }), Throws.ArgumentException);
    }

    [Test]
    public void Largest_fields_are_read_by_our_own_parser()
    {
        UpgradeRequest Request(int size, int count) => new()
        {
            Host = "a",
            Accept = ["application/json"],
            Fields = [new("Large", new string('x', size)), .. Enumerable.Repeat(KeyValuePair.Create("A", "b"), count)],
        };

        Assert.That(RequestReading.Of(Write(Request(31_000, 89))).Verdict, Is.EqualTo(UpgradeRejection.None));
        Assert.That(() => Write(Request(33_000, 0)), Throws.ArgumentException);
        Assert.That(() => Write(Request(0, 100)), Throws.ArgumentException);
        Assert.That(() => Write(new() { Host = new string('a', 33_000), Accept = ["application/json"] }), Throws.ArgumentException);
    }

    [TestCase("")]
    [TestCase(null)]
    [TestCase("orders")]
    [TestCase("http://a/")]
    [TestCase("*")]
    [TestCase("/a b")]
    [TestCase("/\r\nA: b")]
    [TestCase("/#a")]
    [TestCase("/%zz")]
    [TestCase("/\u00e4")]
    public void Paths_must_be_origin_form(string? path)
        => Assert.That(() => Write(new() { Host = "a", Accept = ["application/json"], Path = path! }), Throws.ArgumentException);

    [TestCase("")]
    [TestCase(null)]
    [TestCase("a\r\nB: c")]
    [TestCase("user@a")]
    [TestCase("a:65536")]
    [TestCase("\u00e4")]
    public void Hosts_must_be_valid(string? host)
        => Assert.That(() => Write(new() { Host = host!, Accept = ["application/json"] }), Throws.ArgumentException);

    [TestCase("")]
    [TestCase(null)]
    [TestCase("json")]
    [TestCase("*/*")]
    [TestCase("application/*")]
    [TestCase("application/json;q=1")]
    [TestCase("application/json\r\nA: b")]
    [TestCase("application/json, text/plain")]
    public void Media_types_must_be_plain(string? mediaType)
        => Assert.That(() => Write(new() { Host = "a", Accept = [mediaType!] }), Throws.ArgumentException);

    [TestCase("A B", "x")]
    [TestCase("A", "x\r\nB: c")]
    [TestCase("A", "\u00e4")]
    [TestCase("Host", "x")]
    [TestCase("connection", "x")]
    [TestCase("UPGRADE", "x")]
    [TestCase("Accept", "x")]
    [TestCase("Content-Length", "0")]
    [TestCase("Transfer-Encoding", "chunked")]
    [TestCase("GHMS-Timeout", "1000")]
    [TestCase("GHMS-Max-Message-Size", "1")]
    public void Fields_must_be_sendable_and_not_ours(string name, string value)
        => Assert.That(() => Write(new() { Host = "a", Accept = ["application/json"], Fields = [new(name, value)] }), Throws.ArgumentException);

    [Test]
    public void Values_out_of_range_are_refused()
    {
        Assert.That(() => Write(new() { Host = "a", Accept = [] }), Throws.ArgumentException);
        Assert.That(() => Write(new() { Host = "a", Accept = [.. Enumerable.Repeat("a/b", 101)] }), Throws.ArgumentException);
        Assert.That(() => Write(new() { Host = "a", Accept = ["a/b"], Timeout = TimeSpan.FromMilliseconds(99) }), Throws.ArgumentException);
        Assert.That(() => Write(new() { Host = "a", Accept = ["a/b"], Timeout = TimeSpan.FromHours(2) }), Throws.ArgumentException);
        Assert.That(() => Write(new() { Host = "a", Accept = ["a/b"], MaxMessageSize = 0 }), Throws.ArgumentException);
    }
}
