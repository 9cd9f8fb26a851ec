using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Throughput.Kinds;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>A server as a child process of this executable.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Process _process;

    private ServerProcess(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    public static ServerProcess Start(IServerKind kind, Work work, bool serverGC)
    {
        string[] arguments = ["server", "--kind", kind.Name, "--work", work.ToString(), "--port", "0"];
        Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Program(), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_gcServer"] = serverGC ? "1" : "0" },
        })!;
        string line = process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"The server '{kind.Name}' did not start.");
        return new ServerProcess(process, IPEndPoint.Parse(line.Split(' ')[^1]));
    }

    public Usage Spent() => Usage.Parse(Ask("cpu"));

    public Footprint Held() => Footprint.Parse(Ask("memory"));

    /// <summary>Ends the server at once, whatever this process is waiting for from it.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(Patience))
            {
                Kill();
            }
        }

        _process.Dispose();
    }

    private string Ask(string question)
    {
        _process.StandardInput.WriteLine(question);
        return _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server has ended.");
    }

    /// <summary>Run as <c>dotnet program.dll</c>, the executable is the host and the program its first argument.</summary>
    private static string[] Program() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
}
