using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bedrock.Ghms.Baseline.Tests;

/// <summary>A plain socket that looks at every byte.</summary>
internal sealed class BaselineClient : IDisposable
{
    private static readonly byte[] Request =
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n\r\n"u8.ToArray();

    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private BaselineClient(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Connects without a request.</summary>
    public static async Task<BaselineClient> ConnectAsync(IPEndPoint server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server);
        return new BaselineClient(socket);
    }

    /// <summary>Upgrades, and has a message echoed so that the server is known to have taken the connection in.</summary>
    public static async Task<BaselineClient> UpgradeAsync(IPEndPoint server)
    {
        BaselineClient client = await ConnectAsync(server);
        await client.SendAsync(Request);
        await client.ReadResponseAsync();
        byte[] hello = Frames.Encode(MessageCode.Echo, "hello");
        await client.SendAsync(hello);
        Assert.That(await client.ReadAsync(hello.Length), Is.EqualTo(hello));
        return client;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    /// <summary>Every byte in a packet of its own, as far as that can be had.</summary>
    public async Task TrickleAsync(byte[] bytes)
    {
        foreach (byte one in bytes)
        {
            await _stream.WriteAsync(new[] { one });
            await Task.Yield();
        }
    }

    public async Task<byte[]> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes);
        return bytes;
    }

    public async Task<string> ReadResponseAsync()
    {
        var response = new StringBuilder();
        while (!response.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            response.Append((char)(await ReadAsync(1))[0]);
        }

        return response.ToString();
    }

    /// <summary>Whether the server has ended the connection, one way or another, without another byte.</summary>
    public async Task<bool> HasEndedAsync()
    {
        try
        {
            return await _stream.ReadAsync(new byte[1]) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void FinishSending() => _socket.Shutdown(SocketShutdown.Send);

    public void Dispose() => _stream.Dispose();
}
