using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>A fresh server for each round, because pools keep what earlier connections needed.</summary>
internal sealed class IdleContestant(IServerKind kind, RunOptions options) : Contestant(kind, Work.Idle, options)
{
    /// <summary>How many connections come and go first: they take along what a server makes only once.</summary>
    private const int First = 10;

    public override void WarmUp()
    {
    }

    public override Round Measure()
    {
        ServerProcess server = StartServer();
        using (var first = new IdleDriver(Wire, server.EndPoint, First))
        {
            first.Run(TimeSpan.Zero);
            first.Close();
        }

        Footprint before = server.Held();
        using var driver = new IdleDriver(Wire, server.EndPoint, Options.Load.Idle);
        driver.Run(TimeSpan.Zero);
        Footprint held = server.Held() - before;
        return new Round
        {
            HeapPerConnection = (double)held.HeapBytes / Options.Load.Idle,
            ResidentPerConnection = (double)held.ResidentBytes / Options.Load.Idle,
        };
    }
}
