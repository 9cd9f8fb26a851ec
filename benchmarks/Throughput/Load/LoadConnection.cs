using System.Diagnostics.CodeAnalysis;
using System.Net;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>Sends frames from a ring and counts those that come back.</summary>
/// <remarks>
/// One thread serves all connections in turn: a system call moves many messages, and there is no event loop whose cost
/// would be taken for the server's.
/// </remarks>
internal sealed class LoadConnection : IDisposable
{
    private readonly IWire _wire;
    private readonly Role _role;
    private readonly LoadSocket _socket;
    private readonly IMessageCounter _received;
    private readonly Flow _flow;
    private FrameRing _ring;

    private LoadConnection(IWire wire, Role role, LoadSocket socket, IMessageCounter received, Flow flow)
    {
        (_wire, _role, _socket, _received, _flow) = (wire, role, socket, received, flow);
        Use(flow);
    }

    public long Sent { get; private set; }

    public long Received => _received.Count;

    /// <summary>Connects, and goes through what the protocol has before its first message.</summary>
    /// <param name="wire">The protocol.</param>
    /// <param name="server">Where to.</param>
    /// <param name="role">What for.</param>
    /// <param name="flow">What is sent from here on, and what is expected back.</param>
    /// <param name="buffer">Room to receive into, shared by the connections of one thread so that it stays in cache.</param>
    public static LoadConnection Open(IWire wire, IPEndPoint server, Role role, Flow flow, byte[] buffer)
    {
        var socket = new LoadSocket(server, buffer);
        try
        {
            return new LoadConnection(wire, role, socket, wire.Open(socket, role), flow);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Send(int count)
    {
        ReadOnlySpan<byte> frames = _ring.Take(Sent, count);
        while (!_received.TakesMore(count, frames.Length))
        {
            Receive();
        }

        _socket.Send(frames);
        Sent += count;
    }

    /// <summary>Waits for bytes and counts the messages in them.</summary>
    public void Receive() => _received.Add(_socket.Receive());

    public void ReceiveUntil(long count)
    {
        while (_received.Count < count)
        {
            Receive();
        }
    }

    /// <summary>Waits for the last of what is due.</summary>
    public void Finish(long count)
    {
        ReceiveUntil(count);
        if (_received.Count > count)
        {
            throw new InvalidDataException($"{_received.Count} messages came, of which {count} were due.");
        }
    }

    /// <summary>Waits until everything sent before has been handled.</summary>
    public void AwaitFence()
    {
        Use(_wire.Fence(_role));
        Send(1);
        Finish(1);
        Use(_flow);
    }

    /// <summary>Shows the server that this side is there, if the protocol has that.</summary>
    public void KeepAlive() => _socket.Send(_wire.KeepAlive);

    /// <summary>Ends the connection as the protocol has it, with the server's consent.</summary>
    public void Close()
    {
        _wire.Close(_socket);
        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();

    [MemberNotNull(nameof(_ring))]
    private void Use(Flow flow)
    {
        _ring = flow.Sent;
        _received.Expect(flow.Received);
        Sent = 0;
    }
}
