using System.Buffers;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;
using FsCheck;
using FsCheck.Fluent;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>Whatever the bytes and however they are cut, the parser says the same and never throws.</summary>
public sealed class UpgradeRequestPropertyTests
{
    private static readonly byte[] Good = Encoding.ASCII.GetBytes(
        "GET /orders?x=%20 HTTP/1.1\r\nHost: localhost:5000\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nAccept: a/b;q=\"x\", */*;q=0.5\r\nGHMS-Timeout: 30000\r\n\r\nrest");

    private static readonly byte[] Interesting = [.. "\r\n :\t\0%?/\"\\;,GHT0"u8, 0x7F, 0x80, 0xFF];

    [Test]
    public void Random_bytes() => Check(ArbMap.Default.GeneratorFor<byte[]>());

    [Test]
    public void Random_pieces_of_syntax()
    {
        var piece = Gen.Elements(
            "GET", "HEAD", " ", "/", "%41", "?", " HTTP/1.1", "\r\n", "\r", "\n", "Host: a\r\n", "Connection: upgrade\r\n", "Upgrade: GHMS/0.1\r\n", ":", "\t", "x", "\0", "\u00ff");
        Check(piece.ListOf().Select(pieces => Encoding.Latin1.GetBytes(string.Concat(pieces))));
    }

    [Test]
    public void Mutations_of_a_good_request()
    {
        var mutation =
            from at in Gen.Choose(0, Good.Length - 1)
            from kind in Gen.Choose(0, 2)
            from value in Gen.Elements(Interesting)
            select (at, kind, value);
        Check(mutation.ListOf().Select(mutations => mutations.Aggregate(
            Good,
            (bytes, m) => m.at >= bytes.Length ? bytes : m.kind switch
            {
                0 => [.. bytes[..m.at], m.value, .. bytes[(m.at + 1)..]],
                1 => [.. bytes[..m.at], m.value, .. bytes[m.at..]],
                _ => [.. bytes[..m.at], .. bytes[(m.at + 1)..]],
            })));
    }

    private static void Check(Gen<byte[]> requests)
    {
        var cuts = ArbMap.Default.GeneratorFor<int[]>();
        Prop.ForAll(requests.Zip(cuts).ToArbitrary(), pair => SameHoweverCut(pair.Item1, pair.Item2))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    private static void SameHoweverCut(byte[] bytes, int[] cuts)
    {
        var whole = RequestReading.Of(bytes);
        var points = cuts.Select(cut => (int)((uint)cut % (uint)(bytes.Length + 1))).Append(0).Append(bytes.Length).Order().ToArray();
        var parts = points.Zip(points.Skip(1), (from, to) => (ReadOnlyMemory<byte>)bytes.AsMemory(from..to)).ToArray();

        Assert.That(RequestReading.Of([.. parts.Select(part => new ReadOnlySequence<byte>(part))]), Is.EqualTo(whole), "as calls");
        Assert.That(RequestReading.Of([Segments.Of(parts)]), Is.EqualTo(whole), "as segments");
        if (whole.Status == UpgradeParseStatus.Complete)
        {
            var consumed = bytes.Length - whole.Left.Length;
            Assert.That(bytes[(consumed - 4)..consumed], Is.EqualTo("\r\n\r\n"u8.ToArray()));
        }
    }
}
