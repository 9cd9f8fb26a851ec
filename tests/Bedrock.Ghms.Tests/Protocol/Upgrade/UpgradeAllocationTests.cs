using System.Buffers;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>A peer that is not accepted yet costs no allocation.</summary>
public sealed class UpgradeAllocationTests
{
    private static readonly byte[] Request = Encoding.ASCII.GetBytes(
        "GET /orders/%e2%82%ac?x=1 HTTP/1.1\r\nHost: [::1]:5000\r\nConnection: keep-alive, Upgrade\r\nUpgrade: GHMS/0.1\r\n"
        + "Accept: application/vnd.msgpack;q=0.5, application/json;q=0.9, */*;q=0.1\r\nGHMS-Timeout: 30000\r\n\r\n");

    private static IEnumerable<TestCaseData> Requests()
    {
        yield return new TestCaseData(Request, Request.Length).SetArgDisplayNames("whole");
        yield return new TestCaseData(Request, 1).SetArgDisplayNames("one byte per segment");
        yield return new TestCaseData(Request, 100).SetArgDisplayNames("some segments");
        yield return new TestCaseData("GET / HTTP/1.1\r\n bad: x\r\n"u8.ToArray(), 100).SetArgDisplayNames("refused");
    }

    [TestCaseSource(nameof(Requests))]
    public void Reading_a_request_allocates_nothing(byte[] request, int segmentSize)
    {
        using var parser = new UpgradeRequestParser();
        var output = new ArrayBufferWriter<byte>(1_024);
        var sequence = Segments.Cut(request, segmentSize);
        for (var i = 0; i < 100; i++)
        {
            Serve(parser, sequence, output);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Serve(parser, sequence, output);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static void Serve(UpgradeRequestParser parser, in ReadOnlySequence<byte> request, ArrayBufferWriter<byte> output)
    {
        output.ResetWrittenCount();
        var rejection = parser.Parse(request, out _) == UpgradeParseStatus.Complete ? Judge(parser.Head, output) : parser.Rejection;
        if (rejection != UpgradeRejection.None)
        {
            UpgradeResponseWriter.WriteRefusal(output, UpgradeRefusal.For(rejection), DateTimeOffset.UnixEpoch, parser.IsHeadRequest);
        }

        parser.Reset();
    }

    private static UpgradeRejection Judge(in UpgradeRequestHead head, ArrayBufferWriter<byte> output)
    {
        Span<char> path = stackalloc char[256];
        var rejection = UpgradeRequestRules.CheckRequest(head);
        if (rejection != UpgradeRejection.None || !UpgradePath.TryDecode(head.Path, path, out _))
        {
            throw new InvalidOperationException("The request is good.");
        }

        rejection = UpgradeRequestRules.CheckUpgrade(head, out var terms);
        if (rejection == UpgradeRejection.None && RequestReading.Table.TryChoose(head, out _, out var mediaType))
        {
            UpgradeResponseWriter.WriteSwitchingProtocols(output, mediaType, terms.Timeout!.Value, 1_000_000);
        }

        return rejection;
    }
}
