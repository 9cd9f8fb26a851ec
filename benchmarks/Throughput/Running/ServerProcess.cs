using System.Diagnostics;
using System.Net;

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

    public static ServerProcess Start(string kind, Work work)
    {
        string[] arguments = ["server", "--kind", kind, "--work", work.ToString(), "--port", "0"];
        Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Program(), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        string line = process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"The server '{kind}' did not start.");
        return new ServerProcess(process, IPEndPoint.Parse(line.Split(' ')[^1]));
    }

    public Usage Usage()
    {
        _process.StandardInput.WriteLine("cpu");
        string line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server has ended.");
        return Running.Usage.Parse(line);
    }

    /// <summary>Ends the server at once, whatever this process is waiting for from it.</summary>
    public void Kill() => _process.Kill();

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(Patience))
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }

    /// <summary>Run as <c>dotnet program.dll</c>, the executable is the host and the program its first argument.</summary>
    private static string[] Program() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
}
