using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Soak.Serving;

namespace Bedrock.Ghms.Soak.Faults;

/// <summary>A server as a child process, and what can be done to it.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string Ready = "Listening on ";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private ServerProcess(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    public static async Task<ServerProcess> StartAsync(string journal, Terms terms)
    {
        var host = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";
        string[] arguments =
        [
            typeof(ServerCommand).Assembly.Location, "server", "--journal", journal, "--timeout", $"{terms.Timeout.TotalMilliseconds}",
        ];
        var process = Process.Start(new ProcessStartInfo(host, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        try
        {
            var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
            return line?.StartsWith(Ready, StringComparison.Ordinal) == true
                ? new ServerProcess(process, IPEndPoint.Parse(line[Ready.Length..]))
                : throw new InvalidOperationException($"The server did not start; it said: {line}");
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>Ends it at once, by SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>Ends it as its operator would, by SIGTERM.</summary>
    public async Task StopAsync()
    {
        await SignalAsync("TERM");
        await _process.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>Keeps all its threads from running, by SIGSTOP. Its sockets stay open, and the system accepts connections for it.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>Lets it go on, by SIGCONT.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {_process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(Patience);
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"The server could not be sent SIG{signal}.");
        }
    }
}
