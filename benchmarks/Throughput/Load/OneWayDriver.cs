using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

internal sealed class OneWayDriver(IWire wire, IPEndPoint server, LoadOptions options)
    : LoadDriver(wire, server, Work.OneWay, options.Connections, options.InFlight)
{
    public override Outcome Run(TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            foreach (LoadConnection connection in Connections)
            {
                connection.Send(options.InFlight);
            }
        }

        long messages = Connections.Sum(connection => connection.Sent);
        foreach (LoadConnection connection in Connections)
        {
            connection.AwaitFence();
        }

        return Outcome.Since(start, messages + Connections.Count, messages);
    }
}
