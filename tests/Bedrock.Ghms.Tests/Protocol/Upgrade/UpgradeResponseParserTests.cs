using System.Buffers;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;
using FsCheck;
using FsCheck.Fluent;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

public sealed class UpgradeResponseParserTests
{
    private const string Good = "Connection: Upgrade\r\nUpgrade: GHMS/0.1\r\nContent-Type: application/json\r\n";
    private const string Interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";

    private static readonly UpgradeRequest Asked = new() { Host = "a", Accept = ["application/vnd.msgpack", "Application/JSON"] };

    /// <summary>What the client makes of it: a description of the response, the text of the error, or <see langword="null"/> if more is needed.</summary>
    private static string? Read(IEnumerable<ReadOnlySequence<byte>> calls)
    {
        using var parser = new UpgradeResponseParser();
        string? description = null;
        try
        {
            foreach (var call in calls)
            {
                if (description is not null)
                {
                    description += Encoding.Latin1.GetString(call);
                }
                else if (parser.TryParse(call, out var consumed, out var response))
                {
                    description = $"{response.Status}|{response.Reason}|{response.IsHttp11}|{response.ConnectionIsUpgrade}|{response.UpgradeIsProtocol}"
                        + $"|{response.ContentType}|{response.Timeout?.TotalMilliseconds}|{response.MaxMessageSize}|{response.RetryAfter?.TotalSeconds}"
                        + $"|{response.ContentLength}|{response.IsChunked}|left:{Encoding.Latin1.GetString(call.Slice(consumed))}";
                }
                else
                {
                    Assert.That(call.Slice(consumed).IsEmpty);
                }
            }
        }
        catch (GhmsUpgradeException exception)
        {
            return exception.Message;
        }

        return description;
    }

    private static UpgradeResponse Parse(string text)
    {
        using var parser = new UpgradeResponseParser();
        Assert.That(parser.TryParse(new(Encoding.Latin1.GetBytes(text)), out _, out var response));
        return response!;
    }

    private static IEnumerable<TestCaseData> Responses()
    {
        yield return new($"HTTP/1.1 101 Switching Protocols\r\n{Good}GHMS-Timeout: 250\r\nGHMS-Max-Message-Size: 9\r\n\r\nrest", "101|Switching Protocols|True|True|True|application/json|250|9|||False|left:rest");
        yield return new("HTTP/1.0 404 \r\n\r\n", "404||False|False|False||||||False|left:");
        yield return new("HTTP/1.1 503 B\u00fcsy\tnow\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nwait", "503|B\u00fcsy\tnow|True|False|False||||7|4|False|left:wait");
        yield return new("HTTP/1.1 500 x\r\nTransfer-Encoding: Chunked\r\nContent-Length: 4\r\n\r\n", "500|x|True|False|False||||||True|left:");
        yield return new("HTTP/1.1 500 x\r\nContent-Length: 4\r\nContent-Length: 5\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", "500|x|True|False|False||||||False|left:");
        yield return new($"{Interim}HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx", "200|OK|True|False|False||||||False|left:x");
        yield return new(string.Concat(Enumerable.Repeat(Interim, 8)) + "HTTP/1.1 200 OK\r\n\r\n", "200|OK|True|False|False||||||False|left:");
        yield return new(string.Concat(Enumerable.Repeat(Interim, 9)), "The peer sent more than 8 interim responses.");
        yield return new("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n", null);
        yield return new(Interim, null);
        foreach (var line in new[]
        {
            "", "HTTP/1.1 101", "HTTP/1.1  101 x", "HTTP/1.1 10 x", "HTTP/1.1 1010 x", "HTTP/1.1 099 x", "HTTP/1.1 600 x", "HTTP/2.0 101 x", "HTTP/1.x 101 x",
            "http/1.1 101 x", "HTTP/1.1\t101 x", "GHMS/0.1 101 x", " HTTP/1.1 101 x", "HTTP/1.1 101 a\0b", "SSH-2.0-OpenSSH_9.6",
        })
        {
            yield return new($"{line}\r\n{Good}\r\n", Refused("BadStartLine"));
        }

        yield return new("\r\nHTTP/1.1 101 x\r\n\r\n", Refused("BadStartLine"));
        yield return new("HTTP/1.1 101 x\n\n", Refused("BareLineEnd"));
        yield return new("HTTP/1.1 101 x\r\n\n", Refused("BareLineEnd"));
        yield return new("HTTP/1.1 101 x\r\nA: b\rc\r\n\r\n", Refused("BareLineEnd"));
        yield return new("HTTP/1.1 101 x\r\nA : b\r\n\r\n", Refused("BadFieldLine"));
        yield return new("HTTP/1.1 101 x\r\nA: b\r\n c\r\n\r\n", Refused("BadFieldLine"));
        yield return new($"HTTP/1.1 101 {new string('x', 8_179)}\r\n\r\n", $"101|{new string('x', 8_179)}|True|False|False||||||False|left:");
        yield return new($"HTTP/1.1 101 {new string('x', 8_180)}\r\n\r\n", Refused("StartLineTooLong"));
        yield return new($"HTTP/1.1 101 x\r\nA: {new string('x', 32_764)}\r\n\r\n", Refused("FieldsTooLarge"));
        yield return new($"HTTP/1.1 101 x\r\n{string.Concat(Enumerable.Repeat("A:\r\n", 101))}\r\n", Refused("TooManyFields"));

        static string Refused(string fault) => $"The peer's answer is not an HTTP/1.1 response of a proper size ({fault}).";
    }

    [TestCaseSource(nameof(Responses))]
    public void Responses_read_the_same_however_the_bytes_arrive(string text, string? expected)
    {
        foreach (var (name, calls) in Deliveries.Of(Encoding.Latin1.GetBytes(text)))
        {
            Assert.That(Read(calls), Is.EqualTo(expected), name);
        }
    }

    [Test]
    public void Random_bytes_are_never_more_than_a_refusal() => Prop
        .ForAll<byte[]>(bytes => { Read([new ReadOnlySequence<byte>([.. "HTTP/1.1 200 x\r\n"u8, .. bytes])]); })
        .QuickCheckThrowOnFailure();

    [TestCase("", ExpectedResult = "Application/JSON")]
    [TestCase("GHMS-Timeout: 100\r\nGHMS-Max-Message-Size: 1\r\n", ExpectedResult = "Application/JSON")]
    [TestCase("GHMS-Timeout: 99\r\n", ExpectedResult = null)]
    [TestCase("GHMS-Timeout: 100\r\nGHMS-Timeout: 100\r\n", ExpectedResult = null)]
    [TestCase("GHMS-Timeout:\r\n", ExpectedResult = null)]
    [TestCase("GHMS-Max-Message-Size: 0\r\n", ExpectedResult = null)]
    [TestCase("GHMS-Max-Message-Size: 4294967296\r\n", ExpectedResult = null)]
    [TestCase("Upgrade: GHMS/0.1\r\n", ExpectedResult = null)]
    [TestCase("Content-Type: application/json\r\n", ExpectedResult = null)]
    public string? More_fields_of_a_101(string fields) => Check($"HTTP/1.1 101 x\r\n{Good}{fields}\r\n");

    [TestCase("Connection: keep-alive, UPGRADE", "upgrade: ghms/0.1", "content-type: APPLICATION/vnd.msgpack ; x=y", ExpectedResult = "application/vnd.msgpack")]
    [TestCase("Connection: close", "Upgrade: GHMS/0.1", "Content-Type: application/json", ExpectedResult = null)]
    [TestCase("A: b", "Upgrade: GHMS/0.1", "Content-Type: application/json", ExpectedResult = null)]
    [TestCase("Connection: Upgrade", "A: b", "Content-Type: application/json", ExpectedResult = null)]
    [TestCase("Connection: Upgrade", "Upgrade: GHMS/0.2", "Content-Type: application/json", ExpectedResult = null)]
    [TestCase("Connection: Upgrade", "Upgrade: GHMS/0.1, websocket", "Content-Type: application/json", ExpectedResult = null)]
    [TestCase("Connection: Upgrade", "Upgrade: GHMS/0.1", "A: b", ExpectedResult = null)]
    [TestCase("Connection: Upgrade", "Upgrade: GHMS/0.1", "Content-Type:", ExpectedResult = null)]
    [TestCase("Connection: Upgrade", "Upgrade: GHMS/0.1", "Content-Type: application/msgpack", ExpectedResult = null)]
    [TestCase("Connection: Upgrade", "Upgrade: GHMS/0.1", "Content-Type: application/jsonx", ExpectedResult = null)]
    public string? Fields_of_a_101(string connection, string upgrade, string contentType)
        => Check($"HTTP/1.1 101 x\r\n{connection}\r\n{upgrade}\r\n{contentType}\r\n\r\n");

    [TestCase("HTTP/1.0 101 x", ExpectedResult = null)]
    [TestCase("HTTP/1.2 101 x", ExpectedResult = null)]
    [TestCase("HTTP/1.1 200 OK", ExpectedResult = null)]
    public string? Status_lines(string line) => Check($"{line}\r\n{Good}\r\n");

    [Test]
    public void Refusals_tell_status_reason_and_time()
    {
        var response = Parse("HTTP/1.1 503 Busy\u0085\r\nRetry-After: 7\r\n\r\n");
        var exception = Assert.Throws<GhmsUpgradeException>(() => UpgradeResponseRules.Check(response, Asked));

        Assert.That(exception!.Code, Is.EqualTo(GhmsError.UpgradeFailed));
        Assert.That(exception.StatusCode, Is.EqualTo(503));
        Assert.That(exception.ReasonPhrase, Is.EqualTo("Busy\u0085"));
        Assert.That(exception.RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(7)));
        Assert.That(exception.Message, Is.EqualTo(@"The peer refused the upgrade: 503 Busy\u0085"));
    }

    [Test]
    public void Texts_of_the_peer_are_escaped_and_cut_in_the_message_only()
    {
        var body = "no\r\n\u001b[31m" + new string('x', 1_000);
        var exception = new GhmsUpgradeException(403, "No\nway", body);

        Assert.That(exception.Body, Is.EqualTo(body));
        Assert.That(exception.ReasonPhrase, Is.EqualTo("No\nway"));
        Assert.That(exception.Message, Does.StartWith(@"The peer refused the upgrade: 403 No\nway: no\r\n\u001B[31mxxx").And.EndsWith("x..."));
        Assert.That(exception.Message, Has.Length.LessThan(300));
    }

    private static string? Check(string text)
    {
        try
        {
            return UpgradeResponseRules.Check(Parse(text), Asked);
        }
        catch (GhmsUpgradeException)
        {
            return null;
        }
    }
}
