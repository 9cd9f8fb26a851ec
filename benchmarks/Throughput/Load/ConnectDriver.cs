using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>Opens connections, has one message echoed on each, and ends them as the protocol has it, with both sides' FIN.</summary>
/// <remarks>
/// It is this side that ends first and so keeps the port for a while. A few thousand connections a second are no trouble: on loopback Linux
/// takes such a port again after one second.
/// </remarks>
internal sealed class ConnectDriver(IWire wire, IPEndPoint server) : LoadDriver(wire, server, Work.Connect, connections: 0, batch: 1)
{
    /// <summary>How many connections are under way at a time.</summary>
    private const int Threads = 8;

    private readonly IWire _wire = wire;
    private readonly IPEndPoint _server = server;

    public override Outcome Run(TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        var failures = new ConcurrentQueue<Exception>();
        long connections = 0;
        Thread[] threads =
        [
            .. Enumerable.Range(0, Threads).Select(number => new Thread(() =>
            {
                try
                {
                    Interlocked.Add(ref connections, Run(new Role(Work.Connect, number), start, duration));
                }
                catch (Exception failure)
                {
                    failures.Enqueue(failure);
                }
            })),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return failures.IsEmpty
            ? Outcome.Since(start, connections, connections)
            : throw new AggregateException(failures);
    }

    private long Run(Role role, long start, TimeSpan duration)
    {
        byte[] buffer = new byte[BufferSize];
        Flow flow = _wire.FlowOf(role, 1);
        long count = 0;
        for (; Stopwatch.GetElapsedTime(start) < duration; count++)
        {
            using LoadConnection connection = LoadConnection.Open(_wire, _server, role, flow, buffer);
            connection.Send(1);
            connection.Finish(1);
            connection.Close();
        }

        return count;
    }
}
