using System.IO.Pipelines;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

public sealed class UpgradeResponseBodyTests
{
    private static readonly string Long = new('x', 1_024);

    private static IEnumerable<TestCaseData> Bodies()
    {
        yield return Case("by length", "Content-Length: 3\r\n", "abcdef", "abc");
        yield return Case("cut short", "Content-Length: 9\r\n", "abc", "abc");
        yield return Case("long", "Content-Length: 5000\r\n", Long + Long, Long);
        yield return Case("empty", "Content-Length: 0\r\n", "abc", "");
        yield return Case("until close", "", "abc", "abc");
        yield return Case("long until close", "", Long + Long, Long);
        yield return Case("not UTF-8", "", "a\u00ffb", "a\ufffdb");
        yield return Case("chunks", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n0A;x=y\r\n0123456789\r\n0\r\n\r\nzzz", "a0123456789");
        yield return Case("long chunks", "Transfer-Encoding: chunked\r\n", $"400\r\n{Long}\r\n400\r\n{Long}", Long);
        yield return Case("tiny chunks", "Transfer-Encoding: chunked\r\n", string.Concat(Enumerable.Repeat("1\r\nx\r\n", 1_100)), Long);
        yield return Case("cut chunk", "Transfer-Encoding: chunked\r\n", "5\r\nab", "ab");
        yield return Case("bad chunk", "Transfer-Encoding: chunked\r\n", "1\r\na\r\nxyz\r\nb", "a");
        yield return Case("chunk that is longer than it says", "Transfer-Encoding: chunked\r\n", "1\r\nab\r\n", "a");
        yield return Case("endless size", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\na", "");
        yield return Case("no size", "Transfer-Encoding: chunked\r\n", "\r\na", "");
        yield return Case("endless extension", "Transfer-Encoding: chunked\r\n", "1;" + new string('x', 20_000) + "\r\na", "");

        static TestCaseData Case(string name, string fields, string body, string expected) => new TestCaseData(fields, body, expected).SetArgDisplayNames(name);
    }

    private static UpgradeResponse Response(string head)
    {
        using var parser = new UpgradeResponseParser();
        Assert.That(parser.TryParse(new(Encoding.ASCII.GetBytes(head)), out _, out var response));
        return response!;
    }

    [TestCaseSource(nameof(Bodies))]
    public async Task First_KiB(string fields, string body, string expected)
    {
        var response = Response($"HTTP/1.1 400 x\r\n{fields}\r\n");
        var bytes = Encoding.Latin1.GetBytes(body);

        Assert.That(await UpgradeResponseBody.ReadAsync(PipeReader.Create(new(bytes)), response), Is.EqualTo(expected), "whole");
        Assert.That(await UpgradeResponseBody.ReadAsync(PipeReader.Create(Segments.Cut(bytes, 1)), response), Is.EqualTo(expected), "in segments");
        await using var stream = new MemoryStream(bytes);
        Assert.That(
            await UpgradeResponseBody.ReadAsync(PipeReader.Create(stream, new(bufferSize: 1, minimumReadSize: 1)), response),
            Is.EqualTo(expected),
            "byte by byte");
    }

    [TestCase("HTTP/1.1 204 x")]
    [TestCase("HTTP/1.1 304 x")]
    public async Task Some_responses_have_no_body(string line)
    {
        var input = new Pipe();

        Assert.That(await UpgradeResponseBody.ReadAsync(input.Reader, Response($"{line}\r\n\r\n")), Is.Empty);
    }

    [Test]
    public async Task Length_ends_the_body_of_an_open_connection()
    {
        var input = new Pipe();
        await input.Writer.WriteAsync("abc"u8.ToArray());

        Assert.That(await UpgradeResponseBody.ReadAsync(input.Reader, Response("HTTP/1.1 400 x\r\nContent-Length: 3\r\n\r\n")), Is.EqualTo("abc"));
    }

    [Test]
    public async Task Last_chunk_ends_the_body_of_an_open_connection()
    {
        var input = new Pipe();
        await input.Writer.WriteAsync("1\r\na\r\n0\r\n"u8.ToArray());

        Assert.That(await UpgradeResponseBody.ReadAsync(input.Reader, Response("HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n")), Is.EqualTo("a"));
    }

    [Test]
    public async Task A_reset_leaves_what_came_before()
    {
        var input = new Pipe();
        await input.Writer.WriteAsync("abc"u8.ToArray());
        var body = UpgradeResponseBody.ReadAsync(input.Reader, Response("HTTP/1.1 400 x\r\n\r\n"));
        await input.Writer.CompleteAsync(new IOException("reset"));

        Assert.That(await body, Is.EqualTo("abc"));
    }

    [Test]
    public void Waiting_can_be_cancelled()
    {
        var input = new Pipe();

        Assert.That(
            async () => await UpgradeResponseBody.ReadAsync(input.Reader, Response("HTTP/1.1 400 x\r\n\r\n"), new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
    }
}
