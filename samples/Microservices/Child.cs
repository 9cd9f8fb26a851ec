using System.Diagnostics;

namespace Microservices;

/// <summary>A service as a process of its own, whose lines are shown behind its name.</summary>
internal sealed class Child : IDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly string _name;
    private readonly string _awaited;
    private readonly TaskCompletionSource _hasSaid = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="name">The service.</param>
    /// <param name="settings">Its settings; a colon in a key is two underscores.</param>
    /// <param name="awaited">The text that <see cref="HasSaid"/> waits for.</param>
    public Child(string name, Dictionary<string, string> settings, string awaited = "")
    {
        _name = name;
        _awaited = awaited;
        var host = Environment.ProcessPath!;
        string[] args = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [Environment.GetCommandLineArgs()[0], name] : [name];
        var start = new ProcessStartInfo(host, args) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in settings)
        {
            start.Environment[key] = value;
        }

        _process = Process.Start(start)!;
        Ended = RunAsync();
    }

    /// <summary>Completes with the exit code, when all has been shown.</summary>
    public Task<int> Ended { get; }

    /// <summary>Completes when a line has the awaited text.</summary>
    public Task HasSaid => _hasSaid.Task;

    public override string ToString() => _name;

    /// <summary>Ends it without a chance to do anything about it.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Tells it to stop, and waits until it has.</summary>
    public async Task<int> StopAsync()
    {
        try
        {
            _process.StandardInput.Close();
            return await Ended.WaitAsync(StopTimeout);
        }
        catch (TimeoutException)
        {
            _process.Kill();
            return await Ended;
        }
    }

    public void Dispose() => _process.Dispose();

    private async Task<int> RunAsync()
    {
        await Task.WhenAll(ShowAsync(_process.StandardOutput, Console.Out), ShowAsync(_process.StandardError, Console.Error));
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    private async Task ShowAsync(StreamReader lines, TextWriter output)
    {
        while (await lines.ReadLineAsync() is { } line)
        {
            await output.WriteLineAsync($"{_name,-9} | {line}");
            if (line.Contains(_awaited, StringComparison.Ordinal))
            {
                _hasSaid.TrySetResult();
            }
        }
    }
}
