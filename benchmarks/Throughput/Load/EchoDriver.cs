using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

internal sealed class EchoDriver(IWire wire, IPEndPoint server, Work work, LoadOptions options)
    : LoadDriver(wire, server, work, options.Connections, options.InFlight)
{
    public override Outcome Run(TimeSpan duration)
    {
        // Answers trickle in; refilling for each trickle would make the batches on the wire ever smaller.
        int refill = Math.Max(options.InFlight / 4, 1);
        long start = Stopwatch.GetTimestamp();
        foreach (LoadConnection connection in Connections)
        {
            connection.Send(options.InFlight);
        }

        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            foreach (LoadConnection connection in Connections)
            {
                connection.ReceiveUntil(connection.Sent - options.InFlight + refill);
                connection.Send((int)(connection.Received + options.InFlight - connection.Sent));
            }
        }

        foreach (LoadConnection connection in Connections)
        {
            connection.Finish(connection.Sent);
        }

        return Outcome.Since(start, Connections.Sum(c => c.Sent), Connections.Sum(c => c.Received));
    }
}
