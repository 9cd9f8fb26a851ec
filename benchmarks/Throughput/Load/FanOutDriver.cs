using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>The first connection publishes, and every connection, the publisher's own as well, is delivered to.</summary>
internal sealed class FanOutDriver(IPEndPoint server, LoadOptions options)
    : LoadDriver(server, MessageCode.Announcement, options.Subscribers + 1, options.Window)
{
    public override Outcome Run(TimeSpan duration)
    {
        LoadConnection publisher = Connections[0];
        int half = Math.Max(options.Window / 2, 1);
        long start = Stopwatch.GetTimestamp();
        publisher.Send(half);
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            long due = publisher.Sent;
            publisher.Send(half);
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
        for (int i = Connections.Length - 1; i >= 0; i--)
        {
            Connections[i].ReceiveUntil(due);
        }
    }
}
