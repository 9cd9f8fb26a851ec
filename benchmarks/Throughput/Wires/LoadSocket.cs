using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>A blocking socket.</summary>
/// <remarks>The buffer may be shared by all sockets of one thread, so that it stays in cache. Receive buffers of the system keep their
/// defaults, which grow as needed; a size that somebody sets would stay.</remarks>
internal sealed class LoadSocket : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly byte[] _buffer;

    public LoadSocket(IPEndPoint server, byte[] buffer)
    {
        Server = server;
        _buffer = buffer;
        _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
            SendTimeout = (int)Patience.TotalMilliseconds,
        };
        try
        {
            _socket.Connect(server);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public IPEndPoint Server { get; }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    public ReadOnlySpan<byte> Receive()
    {
        int count = _socket.Receive(_buffer);
        return count > 0 ? _buffer.AsSpan(0, count) : throw new IOException("The server has ended the connection.");
    }

    /// <summary>Receives up to the end of an answer after which the server has nothing to say.</summary>
    public string ReceiveUntil(ReadOnlySpan<byte> end)
    {
        int count = 0;
        do
        {
            int more = _socket.Receive(_buffer, count, _buffer.Length - count, SocketFlags.None);
            count += more > 0
                ? more
                : throw new IOException($"The server has ended the handshake: {Encoding.Latin1.GetString(_buffer, 0, count)}");
        }
        while (!_buffer.AsSpan(0, count).EndsWith(end));
        return Encoding.Latin1.GetString(_buffer, 0, count);
    }

    /// <summary>Upgrades with an HTTP/1.1 request of these lines.</summary>
    public void Upgrade(params IEnumerable<string> lines)
    {
        Send(Encoding.ASCII.GetBytes(string.Concat(lines.Append("").Select(line => line + "\r\n"))));
        string response = ReceiveUntil("\r\n\r\n"u8);
        if (!response.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
        {
            throw new IOException($"The server has refused the upgrade: {response}");
        }
    }

    /// <summary>Ends the stream, and awaits that the server does so too.</summary>
    public void Close()
    {
        _socket.Shutdown(SocketShutdown.Send);
        while (_socket.Receive(_buffer) > 0)
        {
            // What was still under way is of no interest.
        }
    }

    public void Dispose() => _socket.Dispose();
}
