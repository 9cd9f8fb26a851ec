using System.Buffers;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>Reads one request as a server would and says what came of it.</summary>
/// <param name="Status">What the parser said.</param>
/// <param name="Verdict">Why the request is refused, by the parser or by the rules.</param>
/// <param name="Head">The head as text, if it is complete.</param>
/// <param name="Left">The bytes that were not consumed, if the head is complete.</param>
internal sealed record RequestReading(UpgradeParseStatus Status, UpgradeRejection Verdict, string Head, string Left)
{
    public static readonly MediaTypeTable Table = new(
    [
        ["application/json"],
        ["application/vnd.msgpack", "application/msgpack", "application/x-msgpack"],
        ["application/octet-stream"],
    ]);

    public static RequestReading Of(IReadOnlyList<ReadOnlySequence<byte>> calls)
    {
        using var parser = new UpgradeRequestParser();
        for (var i = 0; i < calls.Count; i++)
        {
            var status = parser.Parse(calls[i], out var consumed);
            switch (status)
            {
                case UpgradeParseStatus.NeedMore:
                    Assert.That(calls[i].Slice(consumed).IsEmpty, "an incomplete head is consumed");
                    break;
                case UpgradeParseStatus.Rejected:
                    Assert.That(calls[i].Slice(consumed).IsEmpty, "nothing of a rejected head is left");
                    Assert.That(parser.AnyByte);
                    return new(status, parser.Rejection, string.Empty, string.Empty);
                default:
                    var left = calls.Skip(i + 1).Aggregate(Text(calls[i].Slice(consumed)), (text, call) => text + Text(call));
                    return new(status, Judge(parser.Head), Show(parser.Head), left);
            }
        }

        return new(UpgradeParseStatus.NeedMore, parser.Rejection, string.Empty, string.Empty);
    }

    public static RequestReading Of(byte[] bytes) => Of([new ReadOnlySequence<byte>(bytes)]);

    public static UpgradeRejection Judge(in UpgradeRequestHead head)
    {
        var request = UpgradeRequestRules.CheckRequest(head);
        if (request != UpgradeRejection.None)
        {
            return request;
        }

        if (!UpgradePath.TryDecode(head.Path, new char[head.Path.Length], out _))
        {
            return UpgradeRejection.NotFound;
        }

        var upgrade = UpgradeRequestRules.CheckUpgrade(head, out _);
        return upgrade != UpgradeRejection.None ? upgrade
            : Table.TryChoose(head, out _, out _) ? UpgradeRejection.None
            : UpgradeRejection.NotAcceptable;
    }

    private static string Show(in UpgradeRequestHead head)
    {
        var text = new StringBuilder()
            .Append(Text(head.Method)).Append('|')
            .Append(Text(head.Target)).Append('|')
            .Append(Text(head.Path)).Append('|')
            .Append(Text(head.Query)).Append('|')
            .Append(Text(head.Version));
        foreach (var field in head.Fields)
        {
            text.Append('|').Append(Text(field.Name)).Append('=').Append(Text(field.Value));
        }

        return text.ToString();
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static string Text(in ReadOnlySequence<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
