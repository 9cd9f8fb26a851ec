using System.Diagnostics;
using System.Globalization;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>The EchoServer as a process of its own.</summary>
internal sealed class EchoProcess : IAsyncDisposable
{
    private const string Ready = "Listening on 127.0.0.1:";

    private readonly Process _process;
    private readonly Task<string> _errors;

    private EchoProcess(Process process, int port)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        Port = port;
    }

    public int Port { get; }

    /// <summary>Whether it can do what speaks of this encoding: compiled ahead of time it has no MessagePack.</summary>
    public static bool Knows(string? encoding) =>
        Programs.NativeEchoServer is null || encoding?.Contains("msgpack", StringComparison.Ordinal) != true;

    /// <summary>Leaves the test out, saying why, where the server has none of this encoding.</summary>
    public static void Require(string encoding)
    {
        if (!Knows(encoding))
        {
            Assert.Ignore($"The EchoServer is compiled ahead of time, and has no {encoding}.");
        }
    }

    public static async Task<EchoProcess> StartAsync(params string[] args)
    {
        var process = Process.Start(Programs.EchoServer(["--port", "0", .. args]))!;
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience.Long);
        Assert.That(line, Does.StartWith(Ready));
        return new EchoProcess(process, int.Parse(line![Ready.Length..], CultureInfo.InvariantCulture));
    }

    /// <summary>Sends a signal, such as TERM.</summary>
    public Task SignalAsync(string signal) => Programs.SignalAsync(_process, signal);

    /// <summary>Waits for the end of the process.</summary>
    public Task<Programs.Ended> EndAsync() => Programs.EndAsync(_process, _errors);

    /// <summary>Stops the server as its user would. It must end well and have nothing to complain about.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited)
            {
                await SignalAsync("TERM");
                var ended = await EndAsync();
                using (Assert.EnterMultipleScope())
                {
                    Assert.That(ended.ExitCode, Is.Zero);
                    Assert.That(ended.Output, Is.Empty);
                    Assert.That(ended.Errors, Is.Empty);
                }
            }
        }
        finally
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }

            _process.Dispose();
        }
    }
}
