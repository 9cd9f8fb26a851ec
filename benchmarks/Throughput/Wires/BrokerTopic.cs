using System.Globalization;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>What a client of a broker publishes to and has subscribed to: a topic of its own to be echoed, or everybody's.</summary>
internal static class BrokerTopic
{
    public static string Of(Role role) =>
        role.Work.IsFanOut ? "load" : string.Create(CultureInfo.InvariantCulture, $"load{Variant(role)}");

    public static int Variant(Role role) => role.Work.IsFanOut ? 0 : role.Number;
}
