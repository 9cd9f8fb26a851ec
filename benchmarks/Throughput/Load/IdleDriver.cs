using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>Connections that carry nothing but signs that both sides are there.</summary>
internal sealed class IdleDriver(IWire wire, IPEndPoint server, int connections)
    : LoadDriver(wire, server, Work.Idle, connections, batch: 1)
{
    private readonly IWire _wire = wire;

    public override Outcome Run(TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (LoadConnection connection in Connections)
        {
            connection.KeepAlive();
        }

        if (_wire.HasHeartbeats)
        {
            foreach (LoadConnection connection in Connections)
            {
                connection.Receive();
            }
        }

        return Outcome.Since(start, 0, Connections.Sum(connection => connection.Received));
    }
}
