using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>The client's side of one work: connected when made, and then run for a time.</summary>
internal abstract class LoadDriver : IDisposable
{
    public const int BufferSize = 256 * 1024;

    /// <summary>Servers give up clients that are silent for longer than half a minute.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, Flow> _flows = [];
    private readonly LoadConnection[] _connections;

    /// <param name="wire">The server's protocol.</param>
    /// <param name="server">Where to.</param>
    /// <param name="work">What the connections are for.</param>
    /// <param name="connections">How many there are.</param>
    /// <param name="batch">How many messages are sent in one piece at most.</param>
    protected LoadDriver(IWire wire, IPEndPoint server, Work work, int connections, int batch)
    {
        long heard = Stopwatch.GetTimestamp();
        byte[] buffer = GC.AllocateArray<byte>(BufferSize, pinned: true);
        _connections = new LoadConnection[connections];
        try
        {
            for (int i = 0; i < connections; i++)
            {
                var role = new Role(work, i);
                Flow flow = FlowOf(wire, role, batch);
                _connections[i] = LoadConnection.Open(wire, server, role, flow, buffer);
                if (work != Work.Idle)
                {
                    // So that the server is known to have taken the connection in.
                    _connections[i].AwaitFence();
                }

                if (Stopwatch.GetElapsedTime(heard) > Silence)
                {
                    heard = Stopwatch.GetTimestamp();
                    ShowAlive();
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    protected IReadOnlyList<LoadConnection> Connections => _connections;

    public static LoadDriver Connect(IWire wire, Work work, IPEndPoint server, LoadOptions options) => work switch
    {
        Work.PingPong => new PingPongDriver(wire, server),
        Work.OneWay => new OneWayDriver(wire, server, options),
        Work.FanOut or Work.Split or Work.Relay => new FanOutDriver(wire, server, work, options.Subscribers + 1, options.Window),
        Work.Stalled => new FanOutDriver(wire, server, work, options.Subscribers + 2, options.Window, stalled: 1),
        Work.WideFanOut => new FanOutDriver(wire, server, work, (10 * options.Subscribers) + 1, options.Window),
        Work.Connect => new ConnectDriver(wire, server),
        _ => new EchoDriver(wire, server, work, options),
    };

    /// <summary>Returns when everything sent has been handled and every answer has been counted.</summary>
    public abstract Outcome Run(TimeSpan duration);

    /// <summary>Ends all connections as their protocol has it.</summary>
    public void Close() => Array.ForEach(_connections, connection => connection.Close());

    public void Dispose()
    {
        foreach (LoadConnection connection in _connections)
        {
            connection?.Dispose();
        }
    }

    /// <summary>From time to time has the connections that only receive show that they are there, until disposed of.</summary>
    protected IDisposable KeepAlive() => new Timer(_ => ShowAlive(), null, Silence, Silence);

    private void ShowAlive()
    {
        try
        {
            foreach (LoadConnection? connection in _connections.Skip(1))
            {
                connection?.KeepAlive();
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // Whoever receives will find out.
        }
    }

    /// <summary>Connections share what they can, so that it stays in cache.</summary>
    private Flow FlowOf(IWire wire, Role role, int batch)
    {
        int variant = wire.Variant(role);
        return _flows.TryGetValue(variant, out Flow? flow) ? flow : _flows[variant] = wire.FlowOf(role, batch);
    }
}
