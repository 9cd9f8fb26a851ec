using System.Diagnostics;
using System.Net.Sockets;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests.Proxies;

/// <summary>nginx or HAProxy as a process of its own, in front of a server.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ghms-proxy-");
    private readonly Dictionary<Route, HeldPort> _ports = Enum.GetValues<Route>().ToDictionary(route => route, _ => new HeldPort());
    private readonly Process _process;
    private readonly Task<string> _errors;

    private ProxyProcess(string proxy, int server, string timeout)
    {
        var file = ProxySetup.Write(proxy, _folder.FullName, _ports.ToDictionary(pair => pair.Key, pair => pair.Value.Number), server, timeout);
        string[] args = proxy == "nginx" ? ["-e", "stderr", "-c", file] : ["-db", "-f", file];
        _process = Process.Start(Programs.Command(proxy, args))!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Leaves the test out, saying why, where there is no such proxy.</summary>
    public static void Require(string proxy)
    {
        if (!Programs.Exists(proxy) && Environment.GetEnvironmentVariable("CI") != "true")
        {
            // The tests ask for nothing but the SDK; where they have to prove something, .ci/run installs the proxies.
            Assert.Ignore($"There is no {proxy} on this machine.");
        }
    }

    /// <summary>Starts a proxy and waits until it listens.</summary>
    /// <param name="proxy">Its command.</param>
    /// <param name="server">The port of the server behind it.</param>
    /// <param name="timeout">How long it lets a connection be idle.</param>
    public static async Task<ProxyProcess> StartAsync(string proxy, int server, string timeout = "1m")
    {
        var process = new ProxyProcess(proxy, server, timeout);
        try
        {
            foreach (var port in process._ports.Values)
            {
                await process.WaitAsync(port.Number);
            }

            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public int Port(Route route) => _ports[route].Number;

    /// <summary>Connects to the server by way of the proxy.</summary>
    public Task<WirePeer> ConnectAsync(Route route) => route is Route.Https or Route.RawTls
        ? WirePeer.ConnectAsync(Port(route), Certificates.TrustServer())
        : WirePeer.ConnectAsync(Port(route));

    /// <summary>Connects and upgrades.</summary>
    public async Task<WirePeer> UpgradeAsync(Route route, string fields = "")
    {
        var peer = await ConnectAsync(route);
        await peer.UpgradeAsync("application/json", "/orders", fields);
        return peer;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await Programs.SignalAsync(_process, "TERM");
            await Programs.EndAsync(_process, _errors);
        }

        _process.Dispose();
        foreach (var port in _ports.Values)
        {
            port.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    private async Task WaitAsync(int port)
    {
        using var patience = new CancellationTokenSource(Patience.Long);
        while (true)
        {
            try
            {
                using var peer = await WirePeer.ConnectAsync(port);
                return;
            }
            catch (SocketException) when (!_process.HasExited && !patience.IsCancellationRequested)
            {
                await Task.Yield();
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"The proxy does not listen: {(_process.HasExited ? await _errors : "it takes too long")}");
            }
        }
    }
}
