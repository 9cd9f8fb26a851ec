using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Server.Monitor;

/// <summary>Messages and bytes after the upgrade, in all or in a second.</summary>
internal sealed record TrafficCounts(double SentMessages, double ReceivedMessages, double SentBytes, double ReceivedBytes)
{
    public static TrafficCounts Of(in Traffic traffic) =>
        new(traffic.SentMessages, traffic.ReceivedMessages, traffic.SentBytes, traffic.ReceivedBytes);

    public static TrafficCounts Rate(in Traffic before, in Traffic after, double seconds) => new(
        Math.Round((after.SentMessages - before.SentMessages) / seconds, 1),
        Math.Round((after.ReceivedMessages - before.ReceivedMessages) / seconds, 1),
        Math.Round((after.SentBytes - before.SentBytes) / seconds, 1),
        Math.Round((after.ReceivedBytes - before.ReceivedBytes) / seconds, 1));
}
