using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>A fan-out among few connections and then among many, with as many announcements under way.</summary>
internal sealed class GrowthContestant(IServerKind kind, RunOptions options) : LoadedContestant(kind, Work.Growth, options)
{
    private const int Few = 10;

    protected override Round Measure(TimeSpan duration)
    {
        Round few = Measure(duration, server => new FanOutDriver(Wire, server, Work, Few, Options.Load.Window));
        Round many = Measure(duration, server => new FanOutDriver(Wire, server, Work, Options.Load.Many, Options.Load.Window));
        return many with { CpuAmongFew = few.CpuPerMessage };
    }
}
