using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>Connections that carry nothing but signs that both sides are there.</summary>
internal sealed class IdleDriver(IWire wire, IPEndPoint server, int connections)
    : LoadDriver(wire, server, Work.Idle, connections, batch: 1)
{
    /// <summary>As with clients that know nothing of each other, few come at once: otherwise a server's pools would keep what only this takes.</summary>
    private const int AtOnce = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly IWire _wire = wire;

    public override Outcome Run(TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (LoadConnection[] some in Connections.Chunk(AtOnce))
        {
            Array.ForEach(some, connection => connection.KeepAlive());
            Thread.Sleep(Pause);
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
