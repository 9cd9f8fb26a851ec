using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Accepts one connection with TLS, upgrades it, and then reads to its end, or not at all.</summary>
internal sealed class TlsServer : IDisposable
{
    private const string Accepted =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nContent-Type: application/json\r\n\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private WirePeer? _peer;

    public TlsServer(X509Certificate2 certificate, bool deaf = false)
    {
        _listener.Start();
        Records = RunAsync(certificate, deaf);
    }

    public Uri Uri => new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>The kinds of the records that the client has sent, up to the end of its stream.</summary>
    public Task<string> Records { get; }

    /// <summary>The status of the client's Close.</summary>
    public int Status { get; private set; }

    public void Reset() => _peer!.Reset();

    public void Dispose()
    {
        _listener.Dispose();
        _peer?.Dispose();
    }

    private async Task<string> RunAsync(X509Certificate2 certificate, bool deaf)
    {
        var socket = await _listener.AcceptSocketAsync().WaitAsync(Patience.Long);
        var recorded = new Recorded(new NetworkStream(socket));
        var tls = new SslStream(recorded);
        await tls.AuthenticateAsServerAsync(certificate).WaitAsync(Patience.Long);
        _peer = new WirePeer(socket, tls);
        await _peer.ReadHeadAsync();
        await _peer.SendAsync(Accepted);
        if (!deaf)
        {
            Status = await _peer.ReadCloseAsync();
        }

        return recorded.Kinds();
    }

    private sealed class Recorded(Stream stream) : Through(stream)
    {
        private readonly List<byte> _bytes = [];

        protected override void OnRead(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

        public string Kinds()
        {
            var kinds = new List<string>();
            for (var i = 0; i + 5 <= _bytes.Count; i += 5 + (_bytes[i + 3] << 8) + _bytes[i + 4])
            {
                kinds.Add(_bytes[i] switch { 20 => "changeCipherSpec", 21 => "alert", 22 => "handshake", 23 => "data", var kind => $"{kind}" });
            }

            return string.Join(' ', kinds);
        }
    }
}
