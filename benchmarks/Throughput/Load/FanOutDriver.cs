using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>The first connection publishes, and every connection, the publisher's own as well, is delivered to.</summary>
internal sealed class FanOutDriver(IWire wire, IPEndPoint server, Work work, int connections, int window)
    : LoadDriver(wire, server, work, connections, window)
{
    private readonly int _half = Math.Max(window / 2, 1);

    public override Outcome Run(TimeSpan duration)
    {
        using IDisposable alive = KeepAlive();
        LoadConnection publisher = Connections[0];
        long start = Stopwatch.GetTimestamp();
        publisher.Send(_half);
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            long due = publisher.Sent;
            publisher.Send(_half);
            ReceiveEverywhere(due);
        }

        foreach (LoadConnection connection in Connections)
        {
            connection.Finish(publisher.Sent);
        }

        return Outcome.Since(start, publisher.Sent, Connections.Sum(connection => connection.Received));
    }

    private void ReceiveEverywhere(long due)
    {
        // The connection that joined last is likely served last: once it has its messages, so have the others, and
        // this thread sleeps once for all of them.
        for (int i = Connections.Count - 1; i >= 0; i--)
        {
            Connections[i].ReceiveUntil(due);
        }
    }
}
