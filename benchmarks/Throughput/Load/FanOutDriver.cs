using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>The first connection publishes, and every connection, the publisher's own as well, is delivered to.</summary>
/// <param name="wire">The server's protocol.</param>
/// <param name="server">Where to.</param>
/// <param name="work">What the connections are for.</param>
/// <param name="connections">How many there are.</param>
/// <param name="window">How many messages are under way at most.</param>
/// <param name="stalled">How many of the connections never read; their deliveries do not count.</param>
internal sealed class FanOutDriver(IWire wire, IPEndPoint server, Work work, int connections, int window, int stalled = 0)
    : LoadDriver(wire, server, work, connections, window)
{
    private readonly int _half = Math.Max(window / 2, 1);
    private readonly int _readers = connections - stalled;

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

        foreach (LoadConnection connection in Connections.Take(_readers))
        {
            connection.Finish(publisher.Sent);
        }

        return Outcome.Since(start, publisher.Sent, Connections.Take(_readers).Sum(connection => connection.Received));
    }

    private void ReceiveEverywhere(long due)
    {
        // The connection that joined last is likely served last: once it has its messages, so have the others, and
        // this thread sleeps once for all of them.
        for (int i = _readers - 1; i >= 0; i--)
        {
            Connections[i].ReceiveUntil(due);
        }
    }
}
