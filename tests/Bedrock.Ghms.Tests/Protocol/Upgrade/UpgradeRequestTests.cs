using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;
using static Bedrock.Ghms.Protocol.Upgrade.UpgradeRejection;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>Each row of the request table, accepted and refused, however the bytes arrive.</summary>
public sealed class UpgradeRequestTests
{
    private const string Good = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n";
    private const string Unhosted = "Connection: Upgrade\r\nUpgrade: GHMS/0.1\r\n";

    private static IEnumerable<TestCaseData> Lines()
    {
        yield return Case("GET / HTTP/1.1", None);
        yield return Case("GET /orders?a=/?b=%20 HTTP/1.1", None);
        yield return Case("GET //a/b;c=1,2:@!$&'()*+~_-. HTTP/1.1", None);
        yield return Case("GET /%e2%82%ac HTTP/1.1", None);
        yield return Case("", BadRequestLine);
        yield return Case("GET", BadRequestLine);
        yield return Case("GET /", BadRequestLine);
        yield return Case("GET / ", BadRequestLine);
        yield return Case(" / HTTP/1.1", BadRequestLine);
        yield return Case("GET  / HTTP/1.1", BadTarget);
        yield return Case("GET /  HTTP/1.1", BadTarget);
        yield return Case("GET / HTTP/1.1 ", BadRequestLine);
        yield return Case(" GET / HTTP/1.1", BadRequestLine);
        yield return Case("GET\t/ HTTP/1.1", BadRequestLine);
        yield return Case("G(T / HTTP/1.1", BadRequestLine);
        yield return Case("GET / http/1.1", BadRequestLine);
        yield return Case("GET / HTTP/1", BadRequestLine);
        yield return Case("GET / HTTP/11", BadRequestLine);
        yield return Case("GET / HTTP/1.10", BadRequestLine);
        yield return Case("GET / HTTP/1,1", BadRequestLine);
        yield return Case("GET / HTTP/a.1", BadRequestLine);
        yield return Case("GET / XTTP/1.1", BadRequestLine);
        yield return Case("GET /\0 HTTP/1.1", BadRequestLine);
        yield return Case("GET  HTTP/1.1", BadTarget);
        yield return Case("GET http://localhost/ HTTP/1.1", BadTarget);
        yield return Case("GET * HTTP/1.1", BadTarget);
        yield return Case("OPTIONS * HTTP/1.1", BadTarget);
        yield return Case("CONNECT localhost:80 HTTP/1.1", BadTarget);
        yield return Case("PRI * HTTP/2.0", BadTarget);
        yield return Case("GET orders HTTP/1.1", BadTarget);
        yield return Case("GET ?q HTTP/1.1", BadTarget);
        yield return Case("GET /a b HTTP/1.1", BadTarget);
        yield return Case("GET /a#b HTTP/1.1", BadTarget);
        yield return Case("GET /a\"b HTTP/1.1", BadTarget);
        yield return Case("GET /a\\b HTTP/1.1", BadTarget);
        yield return Case("GET /[a] HTTP/1.1", BadTarget);
        yield return Case("GET /\u00e4 HTTP/1.1", BadTarget);
        yield return Case("GET /% HTTP/1.1", BadTarget);
        yield return Case("GET /%4 HTTP/1.1", BadTarget);
        yield return Case("GET /%4g HTTP/1.1", BadTarget);
        yield return Case("GET /?%4g HTTP/1.1", BadTarget);
        yield return Case("GET / HTTP/1.0", VersionNotSupported);
        yield return Case("GET / HTTP/1.2", VersionNotSupported);
        yield return Case("GET / HTTP/2.0", VersionNotSupported);
        yield return Case("POST / HTTP/1.0", VersionNotSupported);
        yield return Case("POST / HTTP/1.1", MethodNotAllowed);
        yield return Case("HEAD / HTTP/1.1", MethodNotAllowed);
        yield return Case("get / HTTP/1.1", MethodNotAllowed);
        yield return Case("GE'T / HTTP/1.1", MethodNotAllowed);
        yield return Case("GET /a%2Fb HTTP/1.1", NotFound);
        yield return Case("GET /../a HTTP/1.1", NotFound);

        static TestCaseData Case(string line, UpgradeRejection expected) => new($"{line}\r\n{Good}\r\n", expected);
    }

    private static IEnumerable<TestCaseData> LineEnds()
    {
        yield return new("\r\nGET / HTTP/1.1\r\n" + Good + "\r\n", None);
        yield return new("\r\n\r\nGET / HTTP/1.1\r\n" + Good + "\r\n", BadRequestLine);
        yield return new("\nGET / HTTP/1.1\r\n" + Good + "\r\n", BareLineEnd);
        yield return new("GET / HTTP/1.1\n" + Good + "\r\n", BareLineEnd);
        yield return new("GET / HTTP/1.1\r" + Good + "\r\n", BareLineEnd);
        yield return new("GET / HTTP/1.1\r\r\n" + Good + "\r\n", BareLineEnd);
        yield return new("GET /\r HTTP/1.1\r\n" + Good + "\r\n", BareLineEnd);
        yield return new("GET / HTTP/1.1\r\nA: b\n" + Good + "\r\n", BareLineEnd);
        yield return new("GET / HTTP/1.1\r\nA: b\rc\r\n" + Good + "\r\n", BareLineEnd);
        yield return new("GET / HTTP/1.1\r\n" + Good + "\n", BareLineEnd);
        yield return new("GET / HTTP/1.1\r\n" + Good + "\rx", BareLineEnd);
        yield return new("GET / HTTP/1.1\r\n\r\n", BadHost);
    }

    private static IEnumerable<TestCaseData> FieldLines()
    {
        yield return Case("A:", None);
        yield return Case("A:b", None);
        yield return Case("A: \t b\tc \t", None);
        yield return Case("A: \u0080\u00ff", None);
        yield return Case("!#$%&'*+-.^_`|~09azAZ: :", None);
        yield return Case("A", BadFieldLine);
        yield return Case(": b", BadFieldLine);
        yield return Case("A : b", BadFieldLine);
        yield return Case("A\t: b", BadFieldLine);
        yield return Case(" A: b", BadFieldLine);
        yield return Case("\tA: b", BadFieldLine);
        yield return Case("A: b\r\n c", BadFieldLine);
        yield return Case("A: b\r\n\tc", BadFieldLine);
        yield return Case("A(: b", BadFieldLine);
        yield return Case("\u00e4: b", BadFieldLine);
        yield return Case("A: \0", BadFieldLine);
        yield return Case("A: \u0001", BadFieldLine);
        yield return Case("A: \u001f", BadFieldLine);
        yield return Case("A: \u007f", BadFieldLine);
        yield return Case("A\0: b", BadFieldLine);
        yield return Case("\u000b", BadFieldLine);

        static TestCaseData Case(string line, UpgradeRejection expected) => new($"GET / HTTP/1.1\r\n{Good}{line}\r\n\r\n", expected);
    }

    private static IEnumerable<TestCaseData> Hosts()
    {
        foreach (var host in new[]
        {
            "a", "localhost:5000", "a.b-c_d~e", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80", "[2001:DB8::ffff:1.2.3.4]",
            "a:", "[::1]:", "a:0", "a:65535", "a:000080", "%41b", "a%20", "!$&'()*+,;=",
        })
        {
            yield return new($"GET / HTTP/1.1\r\nhost:{host} \r\n{Unhosted}\r\n", None);
        }

        foreach (var host in new[]
        {
            "", " ", ":80", "a:b", "a:65536", "a:-1", "a:1:2", "user@a", "a/b", "a b", "a?b", "%4", "%zz", "\u00e4", "[::1", "::1", "[]", "[1.2.3.4]",
            "[::1]x", "[::1%1]", "[::1]80", "[g::]", "[[::1]]", "[::1]]", "[:::]", "[v1.a]", "http://a", "a,b c", "\"a\"", "a:99999999999999999999",
        })
        {
            yield return new($"GET / HTTP/1.1\r\nHost: {host}\r\n{Unhosted}\r\n", BadHost);
        }

        yield return new($"GET / HTTP/1.1\r\n{Unhosted}\r\n", BadHost);
        yield return new($"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n{Unhosted}\r\n", BadHost);
        yield return new($"GET / HTTP/1.1\r\nHost: /\r\nHost: a\r\n{Unhosted}\r\n", BadHost);
    }

    private static IEnumerable<TestCaseData> Fields()
    {
        yield return Case("Content-Length: 0", None);
        yield return Case("content-length:0 ", None);
        yield return Case("Content-Length: 1", BodyNotAllowed);
        yield return Case("Content-Length: 00", BodyNotAllowed);
        yield return Case("Content-Length: +0", BodyNotAllowed);
        yield return Case("Content-Length: 0, 0", BodyNotAllowed);
        yield return Case("Content-Length:", BodyNotAllowed);
        yield return Case("Content-Length: 0\r\nContent-Length: 0", BodyNotAllowed);
        yield return Case("Transfer-Encoding: chunked", BodyNotAllowed);
        yield return Case("Transfer-Encoding:", BodyNotAllowed);
        yield return Case("GHMS-Timeout: 100", None);
        yield return Case("ghms-timeout: 3600000", None);
        yield return Case("GHMS-Timeout: 0030000", None);
        foreach (var timeout in new[] { "", "99", "3600001", "00030000", "-100", "+100", "1e3", "100.0", "30 000", "30000, 30000", "30s" })
        {
            yield return Case($"GHMS-Timeout: {timeout}", BadTimeout);
        }

        yield return Case("GHMS-Timeout: 100\r\nGHMS-Timeout: 100", BadTimeout);
        yield return Case("GHMS-Max-Message-Size: 1", None);
        yield return Case("GHMS-Max-Message-Size: 0000000001", None);
        yield return Case("GHMS-Max-Message-Size: 4294967295", None);
        foreach (var size in new[] { "", "0", "4294967296", "9999999999", "00000000001", "-1", "0x1", "1, 1" })
        {
            yield return Case($"GHMS-Max-Message-Size: {size}", BadMaxMessageSize);
        }

        yield return Case("GHMS-Max-Message-Size: 1\r\nGHMS-Max-Message-Size: 1", BadMaxMessageSize);
        yield return Case("Accept: text/html", NotAcceptable);

        // Where several fail, the first in the order of the checks is answered.
        yield return Case("GHMS-Max-Message-Size: 0\r\nGHMS-Timeout: 0\r\nAccept: a/b", BadTimeout);
        yield return Case("GHMS-Max-Message-Size: 0\r\nAccept: a/b", BadMaxMessageSize);
        yield return Case("Upgrade: GHMS/9\r\nContent-Length: 2\r\nHost: b", BadHost);

        static TestCaseData Case(string fields, UpgradeRejection expected) => new($"GET / HTTP/1.1\r\n{Good}{fields}\r\n\r\n", expected);
    }

    private static IEnumerable<TestCaseData> Upgrades()
    {
        yield return Case("Connection: upgrade\r\nUpgrade: ghms/0.1", None);
        yield return Case("Connection: keep-alive,\tUPGRADE ,\r\nUpgrade: websocket, GHMS/0.1", None);
        yield return Case("Connection: keep-alive\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1", None);
        yield return Case("Connection: Upgrade", UpgradeRequired);
        yield return Case("Upgrade: GHMS/0.1", UpgradeRequired);
        yield return Case("Connection: Upgrades\r\nUpgrade: GHMS/0.1", UpgradeRequired);
        yield return Case("Connection: \"upgrade\"\r\nUpgrade: GHMS/0.1", UpgradeRequired);
        yield return Case("Connection: keep-alive upgrade\r\nUpgrade: GHMS/0.1", UpgradeRequired);
        yield return Case("Connection: Upgrade\r\nUpgrade: GHMS", UpgradeRequired);
        yield return Case("Connection: Upgrade\r\nUpgrade: GHMS/0.10", UpgradeRequired);
        yield return Case("Connection: Upgrade\r\nUpgrade: GHMS/0.2", UpgradeRequired);
        yield return Case("Connection: Upgrade\r\nUpgrade: GHMS /0.1", UpgradeRequired);
        yield return Case("Connection: Upgrade\r\nUpgrade: \"GHMS/0.1\"", UpgradeRequired);
        yield return Case("Connection: Upgrade\r\nUpgrade:", UpgradeRequired);
        yield return Case("GHMS-Timeout: x", UpgradeRequired);

        static TestCaseData Case(string fields, UpgradeRejection expected) => new($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n", expected);
    }

    [TestCaseSource(nameof(Lines))]
    [TestCaseSource(nameof(LineEnds))]
    [TestCaseSource(nameof(FieldLines))]
    [TestCaseSource(nameof(Hosts))]
    [TestCaseSource(nameof(Fields))]
    [TestCaseSource(nameof(Upgrades))]
    public void Verdict_is_the_same_however_the_bytes_arrive(string request, UpgradeRejection expected)
    {
        const string Messages = "\0\0\0\n\r\n\r\n";
        var bytes = Encoding.Latin1.GetBytes(request + Messages);
        var whole = RequestReading.Of(bytes);

        Assert.That(whole.Verdict, Is.EqualTo(expected));
        Assert.That(whole.Left, Is.EqualTo(whole.Status == UpgradeParseStatus.Complete ? Messages : string.Empty));
        foreach (var (name, calls) in Deliveries.Of(bytes))
        {
            Assert.That(RequestReading.Of(calls), Is.EqualTo(whole), name);
        }
    }

    [Test]
    public void Head_shows_the_parts_of_the_request()
    {
        var reading = RequestReading.Of("GET /a%20b?c?d HTTP/1.1\r\nHost:  x\t\r\nEmpty:\r\n\r\nrest"u8.ToArray());

        Assert.That(reading.Head, Is.EqualTo("GET|/a%20b?c?d|/a%20b|c?d|HTTP/1.1|Host=x|Empty="));
        Assert.That(reading.Left, Is.EqualTo("rest"));
    }

    [Test]
    public void Terms_are_what_the_client_sent()
    {
        using var parser = new UpgradeRequestParser();
        var bytes = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\n{Good}GHMS-Timeout: 250\r\nGHMS-Max-Message-Size: 4294967295\r\n\r\n");
        parser.Parse(new(bytes), out _);

        Assert.That(UpgradeRequestRules.CheckUpgrade(parser.Head, out var terms), Is.EqualTo(None));
        Assert.That(terms, Is.EqualTo(new UpgradeTerms(TimeSpan.FromMilliseconds(250), uint.MaxValue)));
    }

    [TestCase("HEAD / HTTP/1.1\r\n", true)]
    [TestCase("HEAD /\n", true)]
    [TestCase("HEAD\n", false)]
    [TestCase("HEAD http://a/ HTTP/1.1\r\n", true)]
    [TestCase("HEAD / HTTP/1.1\r\n bad\r\n", true)]
    [TestCase("GET / HTTP/1.1\r\n bad\r\n", false)]
    [TestCase("head / HTTP/1.1\r\n", false)]
    public void HEAD_is_known_as_soon_as_the_method_is(string request, bool isHead)
    {
        using var parser = new UpgradeRequestParser();
        parser.Parse(new(Encoding.ASCII.GetBytes(request)), out _);

        Assert.That(parser.IsHeadRequest, Is.EqualTo(isHead));
    }

    [Test]
    public void AnyByte_tells_a_slow_request_from_silence()
    {
        using var parser = new UpgradeRequestParser();
        parser.Parse(default, out _);
        Assert.That(parser.AnyByte, Is.False);

        parser.Parse(new("G"u8.ToArray()), out _);
        Assert.That(parser.AnyByte);
        Assert.That(() => parser.Head.IsHead, Throws.InvalidOperationException);

        parser.Reset();
        Assert.That(parser.AnyByte, Is.False);
    }

    [Test]
    public void A_settled_parser_repeats_itself_and_consumes_nothing()
    {
        using var parser = new UpgradeRequestParser();
        parser.Parse(new("\n"u8.ToArray()), out _);
        var more = Segments.Cut("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), 3);

        Assert.That(parser.Parse(more, out var consumed), Is.EqualTo(UpgradeParseStatus.Rejected));
        Assert.That(more.Slice(consumed).Length, Is.EqualTo(more.Length));
        Assert.That(parser.Rejection, Is.EqualTo(BareLineEnd));
    }

    [TestCase("\u0016\u0003\u0001", BadRequestLine, Description = "A TLS client waits for an answer.")]
    [TestCase("GET / HTTP/1.1\n", BareLineEnd)]
    [TestCase("GET / HTTP/1.1\r\n A", None)]
    [TestCase("GET / HTTP/1.1\r\n A: b\r\n", BadFieldLine)]
    [TestCase("GET / HTTP/1.1\r\nA: \0", BadFieldLine)]
    public void A_client_that_stops_gets_its_answer_as_soon_as_it_is_certain(string start, UpgradeRejection expected)
    {
        var reading = RequestReading.Of(Encoding.Latin1.GetBytes(start));

        Assert.That(reading.Verdict, Is.EqualTo(expected));
    }
}
