using System.Diagnostics;
using System.Globalization;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>The Chat as a process of its own: its server, or somebody at a terminal.</summary>
internal sealed class ChatProcess : IAsyncDisposable
{
    private const string Ready = "Listening on 127.0.0.1:";

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ChatProcess(Process process)
    {
        _process = process;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>What a client had shown when it was in its room.</summary>
    public string Shown { get; private init; } = "";

    /// <summary>Where the server is.</summary>
    public int Port { get; private init; }

    /// <summary>Starts a server on a free port.</summary>
    public static async Task<ChatProcess> ServeAsync()
    {
        var process = Start("serve", "--port", "0");
        var line = await ReadUntilAsync(process, Ready);
        return new ChatProcess(process) { Port = int.Parse(line[Ready.Length..], CultureInfo.InvariantCulture) };
    }

    /// <summary>Starts a client of this server, and waits until it is in its room.</summary>
    public async Task<ChatProcess> JoinAsync(string name, params IEnumerable<string> args)
    {
        var process = Start([name, "--port", $"{Port}", .. args]);
        return new ChatProcess(process) { Port = Port, Shown = await ReadUntilAsync(process, "You are in") };
    }

    public async Task TypeAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    public void EndInput() => _process.StandardInput.Close();

    /// <summary>Reads lines up to the first that holds <paramref name="text"/>.</summary>
    /// <returns>All these lines.</returns>
    public Task<string> ReadUntilAsync(string text) => ReadUntilAsync(_process, text);

    /// <summary>Sends a signal, such as INT.</summary>
    public Task SignalAsync(string signal) => Programs.SignalAsync(_process, signal);

    /// <summary>Waits for the end of the process.</summary>
    public Task<Programs.Ended> EndAsync() => Programs.EndAsync(_process, _errors);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static Process Start(params IEnumerable<string> args) => Process.Start(Programs.Sample("Chat", args))!;

    private static async Task<string> ReadUntilAsync(Process process, string text)
    {
        List<string> lines = [];
        using var patience = new CancellationTokenSource(Patience.Long);
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            lines.Add(line);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return string.Join('\n', lines);
            }
        }

        throw new InvalidDataException($"\"{text}\" was expected in: {string.Join('\n', lines)}");
    }
}
