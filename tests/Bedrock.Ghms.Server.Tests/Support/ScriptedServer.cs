using System.Net;
using System.Net.Sockets;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Accepts one connection and does with it whatever a test says.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ScriptedServer(Func<WirePeer, Task> script)
    {
        _listener.Start();
        Done = RunAsync(script);
    }

    public Uri Uri => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Completes when the script is done and the client has let go of the connection.</summary>
    public Task Done { get; }

    public void Dispose() => _listener.Dispose();

    private async Task RunAsync(Func<WirePeer, Task> script)
    {
        using var peer = new WirePeer(await _listener.AcceptSocketAsync().WaitAsync(Patience.Long));
        try
        {
            await peer.ReadHeadAsync();
            await script(peer);
            while (await peer.ReadFrameAsync() is not null)
            {
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The client, or the script itself, has reset the connection.
        }
    }
}
