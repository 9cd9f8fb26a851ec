using System.Net;
using System.Net.Sockets;
using System.Text;
using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>A blocking socket that sends frames from a ring and counts those that come back.</summary>
/// <remarks>
/// One thread serves all connections in turn: a system call moves many messages, and there is no event loop whose cost
/// would be taken for the server's.
/// </remarks>
internal sealed class LoadConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly FrameRing Greeting = new(MessageCode.Echo, 1);

    private readonly Socket _socket;
    private readonly byte[] _buffer;
    private FrameRing _ring = Greeting;
    private FrameCounter _received = new(Greeting);

    private LoadConnection(Socket socket, byte[] buffer)
    {
        _socket = socket;
        _buffer = buffer;
    }

    public long Sent { get; private set; }

    public long Received => _received.Count;

    /// <summary>Connects, upgrades, and waits for an echo, so that the server is known to have taken the connection in.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="ring">What is sent from here on.</param>
    /// <param name="answers">What is expected back.</param>
    /// <param name="buffer">Room to receive into, shared by the connections of one thread so that it stays in cache.</param>
    public static LoadConnection Open(IPEndPoint server, FrameRing ring, FrameRing answers, byte[] buffer)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
            SendTimeout = (int)Patience.TotalMilliseconds,
        };
        socket.Connect(server);
        var connection = new LoadConnection(socket, buffer);
        connection.Upgrade(server);
        connection.AwaitEcho();
        connection.Use(ring, answers);
        return connection;
    }

    public void Send(int count)
    {
        SendAll(_ring.Take(Sent, count));
        Sent += count;
    }

    /// <summary>Waits for bytes and counts the messages in them.</summary>
    public int Receive()
    {
        int count = _socket.Receive(_buffer);
        if (count == 0)
        {
            throw new IOException("The server has ended the connection.");
        }

        long before = _received.Count;
        _received.Add(_buffer.AsSpan(0, count));
        return (int)(_received.Count - before);
    }

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

    /// <summary>Has one message echoed: then everything sent before it has been handled.</summary>
    public void AwaitEcho()
    {
        Use(Greeting, Greeting);
        Send(1);
        Finish(1);
    }

    public void Dispose() => _socket.Dispose();

    private void Use(FrameRing ring, FrameRing answers)
    {
        _ring = ring;
        _received = new FrameCounter(answers);
        Sent = 0;
    }

    private void Upgrade(IPEndPoint server)
    {
        SendAll(Encoding.ASCII.GetBytes($"""
            GET / HTTP/1.1
            Host: {server}
            Connection: Upgrade
            Upgrade: GHMS/0.1
            Accept: application/vnd.msgpack


            """.ReplaceLineEndings("\r\n")));

        // Byte by byte, as what follows the response is counted already.
        var response = new StringBuilder();
        while (!response.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            byte[] next = new byte[1];
            response.Append(_socket.Receive(next) == 1
                ? (char)next[0]
                : throw new IOException($"The server has ended the upgrade: {response}"));
        }

        if (!response.ToString().StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
        {
            throw new IOException($"The server has refused the upgrade: {response}");
        }
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }
}
