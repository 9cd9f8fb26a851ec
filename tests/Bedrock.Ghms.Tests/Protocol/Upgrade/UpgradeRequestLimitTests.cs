using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;
using static Bedrock.Ghms.Protocol.Upgrade.UpgradeRejection;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>The largest head that passes, and the first byte too many.</summary>
public sealed class UpgradeRequestLimitTests
{
    private const string Good = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n";

    private static string Line(int length) => "GET /" + new string('a', length - 14) + " HTTP/1.1";

    private static string Padding(int length) => "P: " + new string('p', length - 5) + "\r\n";

    private static string Many(int count) => string.Concat(Enumerable.Repeat("A:b\r\n", count));

    private static IEnumerable<TestCaseData> Limits()
    {
        yield return Case("longest line", $"{Line(8_192)}\r\n{Good}\r\n", None);
        yield return Case("longest line after an empty one", $"\r\n{Line(8_192)}\r\n{Good}\r\n", None);
        yield return Case("line too long", $"{Line(8_193)}\r\n{Good}\r\n", RequestLineTooLong);
        yield return Case("line too long, unfinished", Line(9_000)[..8_193], RequestLineTooLong);
        yield return Case("longest line, unfinished", Line(9_000)[..8_192], None);
        yield return Case("line far too long", new string('x', 100_000), RequestLineTooLong);
        yield return Case("largest fields", $"GET / HTTP/1.1\r\n{Good}{Padding(32_768 - Good.Length)}\r\n", None);
        yield return Case("fields too large", $"GET / HTTP/1.1\r\n{Good}{Padding(32_769 - Good.Length)}\r\n", FieldsTooLarge);
        yield return Case("largest fields, unfinished", $"GET / HTTP/1.1\r\n{Padding(32_768)}", None);
        yield return Case("one byte beyond, unfinished", $"GET / HTTP/1.1\r\n{Padding(32_768)}A", FieldsTooLarge);
        yield return Case("one field far too large", $"GET / HTTP/1.1\r\nA: {new string('a', 32_764)}", FieldsTooLarge);
        yield return Case("one field just not too large", $"GET / HTTP/1.1\r\nA: {new string('a', 32_763)}", None);
        yield return Case("largest head of all", $"\r\n{Line(8_192)}\r\n{Good}{Padding(32_768 - Good.Length)}\r\n", None);
        yield return Case("100 fields", $"GET / HTTP/1.1\r\n{Good}{Many(97)}\r\n", None);
        yield return Case("101 fields", $"GET / HTTP/1.1\r\n{Good}{Many(98)}\r\n", TooManyFields);
        yield return Case("101st field, unfinished", $"GET / HTTP/1.1\r\n{Many(100)}A", TooManyFields);
        yield return Case("100 fields, unfinished", $"GET / HTTP/1.1\r\n{Many(100)}\r", None);

        static TestCaseData Case(string name, string request, UpgradeRejection expected)
            => new TestCaseData(request, expected).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Limits))]
    public void Limits_are_exact_however_the_bytes_arrive(string request, UpgradeRejection expected)
    {
        var bytes = Encoding.ASCII.GetBytes(request);
        var whole = RequestReading.Of(bytes);

        Assert.That(whole.Verdict, Is.EqualTo(expected));
        foreach (var (name, calls) in Deliveries.Of(bytes))
        {
            Assert.That(RequestReading.Of(calls), Is.EqualTo(whole), name);
        }
    }
}
