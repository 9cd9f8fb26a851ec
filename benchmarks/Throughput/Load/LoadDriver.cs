using System.Net;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>The client's side of one work: connected when made, and then run for a time.</summary>
internal abstract class LoadDriver : IDisposable
{
    private const int BufferSize = 256 * 1024;

    protected LoadDriver(IPEndPoint server, uint code, int connections, int batch)
        : this(server, new FrameRing(code, batch), connections)
    {
    }

    /// <param name="server">Where to.</param>
    /// <param name="ring">What each connection sends.</param>
    /// <param name="connections">How many there are.</param>
    /// <param name="answers">What each is sent back, where that is not the same.</param>
    protected LoadDriver(IPEndPoint server, FrameRing ring, int connections, FrameRing? answers = null)
    {
        byte[] buffer = GC.AllocateArray<byte>(BufferSize, pinned: true);
        Connections = new LoadConnection[connections];
        for (int i = 0; i < connections; i++)
        {
            Connections[i] = LoadConnection.Open(server, ring, answers ?? ring, buffer);
        }
    }

    protected LoadConnection[] Connections { get; }

    public static LoadDriver Connect(Work work, IPEndPoint server, LoadOptions options) => work switch
    {
        Work.PingPong => new PingPongDriver(server),
        Work.Echo => new EchoDriver(server, options),
        Work.Request => new RequestDriver(server, options),
        Work.OneWay => new OneWayDriver(server, options),
        _ => new FanOutDriver(server, options),
    };

    /// <summary>Returns when everything sent has been handled and every answer has been counted.</summary>
    public abstract Outcome Run(TimeSpan duration);

    public void Dispose()
    {
        foreach (LoadConnection connection in Connections)
        {
            connection?.Dispose();
        }
    }
}
