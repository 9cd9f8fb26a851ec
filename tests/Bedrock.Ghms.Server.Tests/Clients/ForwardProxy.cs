using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>tinyproxy (HTTP) or microsocks (SOCKS5) as a process of its own, which lets in Ann with her password.</summary>
internal sealed class ForwardProxy : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ghms-proxy-");
    private readonly string _kind;
    private readonly HeldPort _port = new();
    private readonly Process _process;
    private readonly Task<string> _errors;

    private ForwardProxy(string kind)
    {
        _kind = kind;
        _process = Process.Start(Programs.Command(kind, kind == "tinyproxy" ? ["-d", "-c", WriteSetup()] : ["-i", "127.0.0.1", "-p", $"{_port.Number}", "-u", "ann", "-P", "secret"]))!;
        _errors = _process.StandardError.ReadToEndAsync();
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
    }

    /// <summary>Starts a proxy and waits until it listens.</summary>
    public static async Task<ForwardProxy> StartAsync(string kind)
    {
        var proxy = new ForwardProxy(kind);
        using var patience = new CancellationTokenSource(Patience.Long);
        while (true)
        {
            try
            {
                using var peer = await WirePeer.ConnectAsync(proxy._port.Number);
                return proxy;
            }
            catch (SocketException) when (!proxy._process.HasExited && !patience.IsCancellationRequested)
            {
                await Task.Yield();
            }
            catch (SocketException)
            {
                await proxy.DisposeAsync();
                throw new InvalidOperationException($"The proxy does not listen: {await proxy._errors}");
            }
        }
    }

    public GhmsClientBuilder Use(GhmsClientBuilder builder, string password = "secret")
    {
        var credential = new NetworkCredential("ann", password);
        return _kind == "tinyproxy" ? builder.UseHttpProxy(new Uri($"http://{_port.EndPoint}"), credential) : builder.UseSocks5Proxy(_port.EndPoint, credential);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync().WaitAsync(Patience.Long);
        }

        _process.Dispose();
        _port.Dispose();
        _folder.Delete(recursive: true);
    }

    private string WriteSetup()
    {
        var file = Path.Combine(_folder.FullName, "tinyproxy.conf");
        File.WriteAllText(file, $"Port {_port.Number}\nListen 127.0.0.1\nTimeout 600\nMaxClients 10\nBasicAuth ann secret\n");
        return file;
    }
}
