using System.Diagnostics;
using Bedrock.Ghms.Soak.Accounting;
using Bedrock.Ghms.Soak.Faults;
using Bedrock.Ghms.Soak.Load;
using Bedrock.Ghms.Soak.Serving;

namespace Bedrock.Ghms.Soak;

/// <summary>A server, clients that load it, and what lies between them, where things go wrong on demand.</summary>
internal sealed class Stage : IAsyncDisposable
{
    // A busy machine may take its time over what is bounded otherwise.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(20);

    private readonly Terms _terms;
    private readonly string _folder = Directory.CreateTempSubdirectory("ghms-soak-").FullName;
    private readonly Forwarder _forwarder = new();
    private ServerProcess? _server;

    private Stage(Terms terms)
    {
        _terms = terms;
        Clients = [.. Enumerable.Range(0, terms.Clients).Select(id => new LoadClient(id, _forwarder.Address, terms))];
    }

    public IReadOnlyList<LoadClient> Clients { get; }

    private string JournalPath => Path.Combine(_folder, "journal");

    /// <summary>Starts it all, and waits until each client has been answered.</summary>
    public static async Task<Stage> StartAsync(Terms terms)
    {
        var stage = new Stage(terms);
        try
        {
            await stage.StartServerAsync();
            await stage.ForEachAsync(client => client.StartAsync());
            await stage.RecoverAsync();
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the server by SIGKILL.</summary>
    public async Task KillServerAsync()
    {
        // Who connects from now on is turned away, as by a machine that is there without the server.
        _forwarder.Target = null;
        await _server!.KillAsync();
        await ForgetServerAsync();
    }

    /// <summary>Ends the server as its operator would.</summary>
    public async Task StopServerAsync()
    {
        await _server!.StopAsync();
        _forwarder.Target = null;
        await ForgetServerAsync();
    }

    public async Task StartServerAsync()
    {
        _server = await ServerProcess.StartAsync(JournalPath, _terms);
        _forwarder.Target = _server.EndPoint;
    }

    /// <summary>Keeps the server's process from running.</summary>
    public Task PauseServerAsync() => _server!.PauseAsync();

    public Task ResumeServerAsync() => _server!.ResumeAsync();

    /// <summary>Lets nothing through between clients and server, without closing a connection.</summary>
    public void CutOff() => _forwarder.Freeze();

    public void Restore() => _forwarder.Thaw();

    /// <summary>Waits until each client has got an answer.</summary>
    /// <returns>How long that took.</returns>
    /// <exception cref="TimeoutException">It took longer than it is configured to.</exception>
    public async Task<TimeSpan> RecoverAsync()
    {
        var beganAt = Stopwatch.GetTimestamp();
        await ForEachAsync(client => client.RecoverAsync(_terms.RecoveryTime + Slack));
        return Stopwatch.GetElapsedTime(beganAt);
    }

    /// <summary>Runs <paramref name="act"/>, and waits until each client has noticed that the connection it had is gone.</summary>
    public async Task LoseConnectionsAsync(Func<Task> act)
    {
        var ends = Clients.Select(client => client.EndOfConnectionAsync()).ToArray();
        await act();
        await Task.WhenAll(ends).WaitAsync((_terms.Timeout * 1.1) + Slack);
    }

    /// <summary>Ends the load and waits for what is under way; the clients stay.</summary>
    public async Task QuietAsync()
    {
        await ForEachAsync(client => client.StopAsync());
        if (_server is not null)
        {
            await RecoverAsync();
            await ForEachAsync(client => client.DrainAsync(_terms.RecoveryTime + Slack));
        }
    }

    /// <summary>Ends everything, and accounts for it.</summary>
    public async Task<Audit> FinishAsync()
    {
        await QuietAsync();
        await ForEachAsync(client => client.DisposeAsync().AsTask());
        if (_server is not null)
        {
            await StopServerAsync();
        }

        return new Audit(
            Journal.Read(JournalPath), Clients.SelectMany(client => client.Streams), [.. Clients.SelectMany(client => client.Ledger.Accounts)]);
    }

    public async ValueTask DisposeAsync()
    {
        await ForEachAsync(client => client.DisposeAsync().AsTask());
        await ForgetServerAsync();
        await _forwarder.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Task ForEachAsync(Func<LoadClient, Task> act) => Task.WhenAll(Clients.Select(act));

    private async Task ForgetServerAsync()
    {
        if (Interlocked.Exchange(ref _server, null) is { } server)
        {
            await server.DisposeAsync();
        }
    }
}
