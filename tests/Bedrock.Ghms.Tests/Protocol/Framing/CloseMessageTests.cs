using System.Buffers;
using System.Text.Json;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Protocol.Upgrade;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Protocol.Framing;

public sealed class CloseMessageTests
{
    [TestCaseSource(nameof(Valid))]
    public void A_valid_Close_is_read_and_written(JsonElement vector)
    {
        var payload = vector.GetProperty("payload").Hex();
        var expected = new CloseMessage((CloseStatus)vector.GetProperty("status").GetUInt16(), vector.GetProperty("reason").Text());
        Assert.That(CloseMessage.TryRead(Segments.Cut(payload, 1), out var read), Is.True);
        Assert.That(read, Is.EqualTo(expected));
        var written = new ArrayBufferWriter<byte>();
        expected.Write(written);
        Assert.That(written.WrittenSpan.ToArray(), Is.EqualTo(RawPeer.Frame(Ghms.CloseCode, payload)));
    }

    [TestCaseSource(nameof(Invalid))]
    public void An_invalid_Close_is_not_read(JsonElement vector)
    {
        Assert.That(CloseMessage.TryRead(new ReadOnlySequence<byte>(vector.GetProperty("payload").Hex()), out _), Is.False);
        Assert.That(vector.GetProperty("closeWith").GetInt32(), Is.EqualTo((int)CloseStatus.ProtocolError));
    }

    [TestCaseSource(nameof(RetryAfter))]
    public void The_time_to_come_back_stands_in_the_reason(JsonElement vector)
    {
        var close = new CloseMessage((CloseStatus)vector.GetProperty("status").GetUInt16(), vector.GetProperty("reason").Text());
        var seconds = vector.GetProperty("retryAfter");
        Assert.That(close.RetryAfter, Is.EqualTo(seconds.ValueKind == JsonValueKind.Null ? (TimeSpan?)null : TimeSpan.FromSeconds(seconds.GetInt32())));
    }

    [TestCase(0, "retry-after=0;")]
    [TestCase(0.2, "retry-after=1;")]
    [TestCase(99_999, "retry-after=99999;")]
    public void The_time_to_come_back_is_written_as_it_is_read(double seconds, string reason)
    {
        var written = CloseMessage.ReasonToRetryAfter(TimeSpan.FromSeconds(seconds));
        Assert.That(written, Is.EqualTo(reason));
        Assert.That(new CloseMessage(CloseStatus.GoingAway, written).RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(Math.Ceiling(seconds))));
    }

    [TestCase(-1)]
    [TestCase(100_000)]
    public void A_time_to_come_back_that_cannot_be_written_is_refused(double seconds) => Assert.That(
        () => CloseMessage.ReasonToRetryAfter(TimeSpan.FromSeconds(seconds)), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [TestCase(0)]
    [TestCase(999)]
    [TestCase(1005)]
    [TestCase(1006)]
    [TestCase(1015)]
    public void A_status_that_never_goes_over_the_wire_is_not_written(int status)
        => Assert.That(
            () => new CloseMessage((CloseStatus)status, "").Write(new ArrayBufferWriter<byte>()),
            Throws.ArgumentException.With.Message.Contains($"{status}"));

    [Test]
    public void A_reason_that_would_not_come_back_is_not_written()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var reason in new[] { new string('r', 124), new string('é', 62), "\ud800", "a\udc00", "\ud83d" })
            {
                var output = new ArrayBufferWriter<byte>();
                Assert.That(() => new CloseMessage(CloseStatus.Normal, reason).Write(output), Throws.ArgumentException);
                Assert.That(output.WrittenCount, Is.Zero);
            }
        }
    }

    private static IEnumerable<TestCaseData> Valid() => Vectors.Cases("close.json", "valid");

    private static IEnumerable<TestCaseData> Invalid() => Vectors.Cases("close.json", "invalid");

    private static IEnumerable<TestCaseData> RetryAfter() => Vectors.Cases("close.json", "retryAfter");
}
