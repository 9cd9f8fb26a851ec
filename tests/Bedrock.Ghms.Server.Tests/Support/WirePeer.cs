using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>The far end of a real connection, written against the protocol's page and nothing of the library.</summary>
internal sealed class WirePeer(Socket socket, SslStream? tls = null) : IDisposable
{
    public const uint Close = 0;
    public const uint Heartbeat = 1;

    private byte[] _buffer = new byte[4_096];
    private int _start;
    private int _end;
    private bool _isFinished;

    public EndPoint? LocalEndPoint => socket.LocalEndPoint;

    public static async Task<WirePeer> ConnectAsync(int port, int? receiveBuffer = null) =>
        new(await ConnectSocketAsync(port, receiveBuffer));

    /// <summary>Connects and upgrades.</summary>
    public static async Task<WirePeer> UpgradeAsync(
        int port, string accept = "application/json", string path = "/", string fields = "", int? receiveBuffer = null)
    {
        var peer = await ConnectAsync(port, receiveBuffer);
        await peer.UpgradeAsync(accept, path, fields);
        return peer;
    }

    /// <summary>Connects with TLS.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="options">Whom to trust, and what to show.</param>
    /// <param name="receiveBuffer">The size of the socket's own buffer.</param>
    public static async Task<WirePeer> ConnectAsync(int port, SslClientAuthenticationOptions options, int? receiveBuffer = null)
    {
        var socket = await ConnectSocketAsync(port, receiveBuffer);
        var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(options).WaitAsync(Patience.Long);
        return new WirePeer(socket, tls);
    }

    private static async Task<Socket> ConnectSocketAsync(int port, int? receiveBuffer)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } size)
        {
            socket.ReceiveBufferSize = size;
        }

        await socket.ConnectAsync(IPAddress.Loopback, port).WaitAsync(Patience.Long);
        return socket;
    }

    public async Task UpgradeAsync(string accept, string path = "/", string fields = "")
    {
        await SendAsync(Request(path, $"Accept: {accept}\r\n{fields}"));
        var response = await ReadResponseAsync();
        if (response.Status != 101)
        {
            throw new InvalidDataException($"101 was expected, not {response.Status}: {response.Body}");
        }
    }

    public static string Request(string path = "/", string fields = "") =>
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n{fields}\r\n";

    public static byte[] Frame(uint code, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[8 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, code);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), (uint)payload.Length);
        payload.CopyTo(frame.AsSpan(8));
        return frame;
    }

    public static byte[] Frame(uint code, string payload) => Frame(code, Encoding.UTF8.GetBytes(payload));

    public Task SendAsync(string latin1) => SendAsync(Encoding.Latin1.GetBytes(latin1));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (tls is not null)
            {
                await tls.WriteAsync(bytes).AsTask().WaitAsync(Patience.Long);
                return;
            }

            bytes = bytes[await socket.SendAsync(bytes).AsTask().WaitAsync(Patience.Long)..];
        }
    }

    public Task SendFrameAsync(uint code, string payload) => SendAsync(Frame(code, payload));

    /// <summary>Says that nothing more will be sent.</summary>
    public void Finish()
    {
        if (!_isFinished)
        {
            _isFinished = true;
            tls?.ShutdownAsync().Wait();
            socket.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>Tears the connection down without a word.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    public async Task<Response> ReadResponseAsync(bool toHead = false)
    {
        var head = await ReadHeadAsync() ?? throw new InvalidDataException("The connection ended without a response.");
        var lines = head.Split("\r\n")[..^2];
        var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        var fields = lines[1..]
            .Select(line => line.Split(':', 2))
            .ToLookup(pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase);
        var length = int.Parse(fields["Content-Length"].SingleOrDefault() ?? "0", CultureInfo.InvariantCulture);
        var body = toHead ? [] : await ReadExactlyAsync(length) ?? throw new InvalidDataException("The connection ended inside a body.");
        return new Response(lines[0], status, fields, Encoding.UTF8.GetString(body));
    }

    /// <summary>Reads the next message that is not a heartbeat, or <see langword="null"/> at the end of the stream.</summary>
    public async Task<(uint Code, byte[] Payload)?> ReadFrameAsync()
    {
        while (true)
        {
            if (await ReadExactlyAsync(8) is not { } header)
            {
                return null;
            }

            var code = BinaryPrimitives.ReadUInt32BigEndian(header);
            var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
            var payload = await ReadExactlyAsync((int)length) ?? throw new InvalidDataException("The connection ended inside a message.");
            if (code != Heartbeat)
            {
                return (code, payload);
            }
        }
    }

    public async Task<(uint Code, string Text)> ReadTextAsync()
    {
        var (code, payload) = await ReadFrameAsync() ?? throw new InvalidDataException("The connection ended; a message was expected.");
        return (code, Encoding.UTF8.GetString(payload));
    }

    /// <summary>Reads a Close and the end of the stream behind it.</summary>
    public async Task<int> ReadCloseAsync()
    {
        var status = AsClose(await ReadFrameAsync() ?? throw new InvalidDataException("The connection ended without a Close."));
        Finish();
        await ReadFinAsync();
        return status;
    }

    /// <summary>Reads on to the Close, past every message, and to the end of the stream behind it.</summary>
    public async Task<(int Messages, int Status)> ReadToCloseAsync()
    {
        for (var messages = 0; ; messages++)
        {
            var frame = await ReadFrameAsync() ?? throw new InvalidDataException("The connection ended without a Close.");
            if (frame.Code == Close)
            {
                Finish();
                await ReadFinAsync();
                return (messages, AsClose(frame));
            }
        }
    }

    public async Task ReadFinAsync()
    {
        if (await ReadFrameAsync() is { } frame)
        {
            throw new InvalidDataException($"The end of the stream was expected, not code {frame.Code}, {frame.Payload.Length} bytes.");
        }
    }

    /// <summary>Fails unless the server answers on this connection.</summary>
    public async Task EchoAsync(string word = "x")
    {
        var payload = $$"""{"Word":"{{word}}"}""";
        await SendFrameAsync(10, payload);
        var answer = await ReadTextAsync();
        if (answer != (10, payload))
        {
            throw new InvalidDataException($"An echo was expected, not {answer}.");
        }
    }

    public void Dispose()
    {
        tls?.Dispose();
        socket.Dispose();
    }

    public static int AsClose((uint Code, byte[] Payload) frame) =>
        frame.Code == Close && frame.Payload.Length >= 2
            ? BinaryPrimitives.ReadUInt16BigEndian(frame.Payload)
            : throw new InvalidDataException($"A Close was expected, not code {frame.Code}: {Encoding.UTF8.GetString(frame.Payload)}");

    /// <summary>Reads up to and including the blank line; <see langword="null"/> when the stream ends before the first byte.</summary>
    public async Task<string?> ReadHeadAsync()
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var head = Encoding.Latin1.GetString(_buffer, _start, end + 4);
                _start += end + 4;
                return head;
            }

            if (!await FillAsync())
            {
                return _start == _end ? null : throw new InvalidDataException("The connection ended inside a head.");
            }
        }
    }

    private async Task<byte[]?> ReadExactlyAsync(int count)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync())
            {
                return _start == _end ? null : throw new InvalidDataException("The connection ended inside a message.");
            }
        }

        var bytes = _buffer[_start..(_start + count)];
        _start += count;
        return bytes;
    }

    private async Task<bool> FillAsync()
    {
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }
        else if (_end == _buffer.Length)
        {
            var held = _buffer.AsMemory(_start, _end - _start);
            _buffer = new byte[Math.Max(_buffer.Length, held.Length * 2)];
            held.CopyTo(_buffer);
            (_start, _end) = (0, held.Length);
        }

        var free = _buffer.AsMemory(_end);
        var count = tls is null
            ? await socket.ReceiveAsync(free).AsTask().WaitAsync(Patience.Long)
            : await tls.ReadAsync(free).AsTask().WaitAsync(Patience.Long);
        _end += count;
        return count > 0;
    }

    /// <summary>An HTTP response with its whole body.</summary>
    internal sealed record Response(string StatusLine, int Status, ILookup<string, string> Fields, string Body)
    {
        public string? this[string name] => Fields[name].SingleOrDefault();
    }
}
