using System.Buffers;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

public sealed class UpgradeResponseWriterTests
{
    private static readonly DateTimeOffset Now = new(1994, 11, 6, 10, 49, 37, TimeSpan.FromHours(2));

    private static string Write(UpgradeRefusal refusal, bool toHead = false)
    {
        var output = new ArrayBufferWriter<byte>();
        UpgradeResponseWriter.WriteRefusal(output, refusal, Now, toHead);
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }

    private static IEnumerable<UpgradeRejection> Rejections() => Enum.GetValues<UpgradeRejection>().Where(rejection => rejection != UpgradeRejection.None);

    [Test]
    public void Switching_protocols_to_the_byte()
    {
        var output = new ArrayBufferWriter<byte>();
        UpgradeResponseWriter.WriteSwitchingProtocols(output, "application/vnd.msgpack", TimeSpan.FromSeconds(30), 1_000_000);

        Assert.That(Encoding.ASCII.GetString(output.WrittenSpan), Is.EqualTo(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nContent-Type: application/vnd.msgpack\r\n"
            + "GHMS-Timeout: 30000\r\nGHMS-Max-Message-Size: 1000000\r\n\r\n"));
    }

    [TestCase("", 30_000, 1u)]
    [TestCase("application/JSON", 30_000, 1u)]
    [TestCase("application/json\r\nA: b", 30_000, 1u)]
    [TestCase("application/json;a=b", 30_000, 1u)]
    [TestCase("*/*", 30_000, 1u)]
    [TestCase("application/json", 99, 1u)]
    [TestCase("application/json", 3_600_001, 1u)]
    [TestCase("application/json", 100.5, 1u)]
    [TestCase("application/json", 100, 0u)]
    public void Switching_protocols_refuses_what_no_client_would_accept(string mediaType, double milliseconds, uint size)
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.That(
            () => UpgradeResponseWriter.WriteSwitchingProtocols(output, mediaType, TimeSpan.FromMilliseconds(milliseconds), size),
            Throws.InstanceOf<ArgumentException>());
        Assert.That(output.WrittenCount, Is.Zero);
    }

    [Test]
    public void Plain_refusal_to_the_byte() => Assert.That(Write(UpgradeRefusal.For(UpgradeRejection.NotFound)), Is.EqualTo(
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 31\r\n"
        + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nNothing is mapped at this path."));

    [Test]
    public void Wrong_method_to_HEAD_has_no_body() => Assert.That(Write(UpgradeRefusal.For(UpgradeRejection.MethodNotAllowed), toHead: true), Is.EqualTo(
        "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 25\r\n"
        + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nAllow: GET\r\n\r\n"));

    [Test]
    public void Upgrade_required_names_the_protocol() => Assert.That(Write(UpgradeRefusal.For(UpgradeRejection.UpgradeRequired)), Does.StartWith(
        "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\nUpgrade: GHMS/0.1\r\nContent-Type: text/plain; charset=utf-8\r\n"));

    [Test]
    public void Full_server_says_when_to_come_back()
    {
        Assert.That(Write(UpgradeRefusal.For(UpgradeRejection.NoRoom)), Does.Contain("\r\nRetry-After: 5\r\n"));
        Assert.That(Write(UpgradeRefusal.For(UpgradeRejection.NoRoom, TimeSpan.FromMilliseconds(1_001))), Does.Contain("\r\nRetry-After: 2\r\n"));
        Assert.That(Write(new(503, "Wait.") { RetryAfter = null }), Does.Not.Contain("Retry-After"));
        Assert.That(Write(UpgradeRefusal.For(UpgradeRejection.Forbidden)), Does.Not.Contain("Retry-After"));
        Assert.That(() => UpgradeRefusal.For(UpgradeRejection.NoRoom, TimeSpan.FromTicks(-1)), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Not_acceptable_lists_what_there_is() => Assert.That(Write(UpgradeRefusal.NotAcceptable(RequestReading.Table)), Does.EndWith(
        "\r\n\r\nNone of the accepted encodings is available. Available: application/json, application/vnd.msgpack, application/octet-stream"));

    [Test]
    public void Own_refusals_carry_further_fields()
    {
        var refusal = new UpgradeRefusal(401, "Who are you?") { Fields = [new("WWW-Authenticate", "Bearer realm=\"x\"")] };

        Assert.That(Write(refusal), Does.StartWith("HTTP/1.1 401 Unauthorized\r\n").And.Contain("\r\nWWW-Authenticate: Bearer realm=\"x\"\r\n"));
        Assert.That(Write(new(418, "No.")), Does.StartWith("HTTP/1.1 418 Refused\r\n"));
    }

    [TestCaseSource(nameof(Rejections))]
    public void Every_refusal_is_a_complete_response_that_a_client_understands(UpgradeRejection rejection)
    {
        var text = Write(UpgradeRefusal.For(rejection));
        using var parser = new UpgradeResponseParser();
        var bytes = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(text));

        Assert.That(parser.TryParse(bytes, out var consumed, out var response));
        Assert.That(response!.Status, Is.EqualTo(UpgradeRejections.StatusOf(rejection)));
        Assert.That(response.Reason, Is.Not.Empty.And.Not.EqualTo("Refused"));
        Assert.That(response.ContentLength, Is.EqualTo(bytes.Slice(consumed).Length));
        Assert.That(Encoding.ASCII.GetString(bytes.Slice(consumed)), Is.EqualTo(UpgradeRejections.TextOf(rejection)));
    }

    [TestCase(399, "x")]
    [TestCase(600, "x")]
    [TestCase(400, "a\r\nb")]
    [TestCase(400, "\0")]
    [TestCase(400, "\u00e4")]
    public void Refusals_of_other_kinds_are_not_made(int status, string text)
        => Assert.That(() => new UpgradeRefusal(status, text), Throws.InstanceOf<ArgumentException>());

    [TestCase("", "x")]
    [TestCase("A B", "x")]
    [TestCase("A:", "x")]
    [TestCase("A\u00e4", "x")]
    [TestCase("A", "x\r\nB: c")]
    [TestCase("A", "x\nB")]
    [TestCase("A", "\u007f")]
    [TestCase("A", "\u20ac")]
    [TestCase("A", null)]
    [TestCase("content-length", "1")]
    [TestCase("Connection", "keep-alive")]
    [TestCase("Date", "today")]
    public void Fields_that_cannot_be_sent_are_refused(string name, string? value)
        => Assert.That(() => new UpgradeRefusal(400, "x") { Fields = [new(name, value!)] }, Throws.ArgumentException);

    [Test]
    public void More_fields_than_a_client_reads_are_refused()
    {
        Assert.That(() => new UpgradeRefusal(400, "x") { Fields = [.. Enumerable.Repeat(KeyValuePair.Create("A", "b"), 91)] }, Throws.ArgumentException);
        Assert.That(() => new UpgradeRefusal(400, "x") { Fields = [new("A", new string('b', 32_000))] }, Throws.ArgumentException);
    }

    [Test]
    public void No_reason_is_no_refusal()
    {
        Assert.That(() => UpgradeRefusal.For(UpgradeRejection.None), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => UpgradeRejections.StatusOf(UpgradeRejection.None), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
