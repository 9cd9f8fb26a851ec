using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

internal sealed class PingPongDriver(IWire wire, IPEndPoint server)
    : LoadDriver(wire, server, Work.PingPong, connections: 1, batch: 1)
{
    private const int ExpectedSamples = 1_000_000;

    public override Outcome Run(TimeSpan duration)
    {
        LoadConnection connection = Connections[0];
        var latencies = new List<TimeSpan>(ExpectedSamples);
        long start = Stopwatch.GetTimestamp();
        for (long now = start; Stopwatch.GetElapsedTime(start, now) < duration;)
        {
            connection.Send(1);
            connection.Finish(connection.Sent);
            long answered = Stopwatch.GetTimestamp();
            latencies.Add(Stopwatch.GetElapsedTime(now, answered));
            now = answered;
        }

        Outcome outcome = Outcome.Since(start, connection.Sent, connection.Received);
        latencies.Sort();
        return outcome with { Latencies = latencies };
    }
}
