using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>One kind at one work.</summary>
internal abstract class Contestant(IServerKind kind, Work work, RunOptions options) : IDisposable
{
    private ServerProcess? _server;

    public string Kind => kind.Name;

    public Work Work => work;

    protected IWire Wire => kind.Wire;

    protected RunOptions Options => options;

    /// <summary>The server, started when it is first needed.</summary>
    protected ServerProcess Server => Volatile.Read(ref _server) ?? StartServer();

    public static Contestant Create(IServerKind kind, Work work, RunOptions options) => work switch
    {
        Work.Idle => new IdleContestant(kind, options),
        Work.Growth => new GrowthContestant(kind, options),
        _ => new LoadedContestant(kind, work, options),
    };

    /// <summary>Gets the server to where rounds are alike.</summary>
    public abstract void WarmUp();

    public abstract Round Measure();

    /// <summary>Ends the server at once, so that whatever waits for it fails.</summary>
    public void Kill() => Volatile.Read(ref _server)?.Kill();

    public void Dispose() => Interlocked.Exchange(ref _server, null)?.Dispose();

    /// <summary>Starts a server in the place of the one there may be.</summary>
    protected ServerProcess StartServer()
    {
        Dispose();
        return _server = ServerProcess.Start(kind, work, options.ServerGC);
    }
}
