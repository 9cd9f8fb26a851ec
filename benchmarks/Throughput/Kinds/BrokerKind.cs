using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms.Throughput.Running;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>A broker that is a program of its own, where it is installed.</summary>
/// <param name="name">What it is called here.</param>
/// <param name="program">What it is called on the PATH.</param>
/// <param name="arguments">How it is started on 127.0.0.1 with nothing to write to disk; the port follows.</param>
/// <param name="wire">Its protocol.</param>
internal sealed class BrokerKind(string name, string program, string[] arguments, IWire wire) : IServerKind
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public string Name => name;

    public IWire Wire => wire;

    public string? Missing => Find() is null ? $"{program} is not on the PATH." : null;

    public bool Does(Work work) => work is Work.PingPong or Work.Echo or Work.FanOut or Work.WideFanOut or Work.Connect;

    public async Task<IServer> StartAsync(Work work, int port, CancellationToken cancellation)
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, port == 0 ? FreePort() : port);
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                Find() ?? throw new InvalidOperationException(Missing),
                [.. arguments, endPoint.Port.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Path.GetTempPath(),
            },
        };
        process.Start();

        // Nobody reads what it says, but it must not wait for somebody who does.
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new Broker(process, endPoint);
        try
        {
            await server.AwaitAsync(cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .SelectMany(directory => new[] { Path.Combine(directory, program), Path.Combine(directory, program + ".exe") })
        .FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private sealed class Broker(Process process, IPEndPoint endPoint) : IServer
    {
        public IPEndPoint EndPoint => endPoint;

        public Task<Usage> SpentAsync()
        {
            process.Refresh();
            return Task.FromResult(new Usage(process.TotalProcessorTime.TotalMicroseconds, double.NaN, Handled: null));
        }

        public Footprint Held() => throw new NotSupportedException("It has no managed heap.");

        /// <summary>Waits until it takes connections.</summary>
        public async Task AwaitAsync(CancellationToken cancellation)
        {
            long start = Stopwatch.GetTimestamp();
            while (true)
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(endPoint, cancellation);
                    return;
                }
                catch (SocketException) when (!process.HasExited && Stopwatch.GetElapsedTime(start) < Patience)
                {
                    await Task.Delay(Pause, cancellation);
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}
