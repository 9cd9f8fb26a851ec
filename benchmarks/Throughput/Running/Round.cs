using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>What one kind did at one work in one round; times in microseconds.</summary>
internal sealed record Round(
    double PerSecond, double CpuPerMessage, double AllocatedPerMessage, double P50, double P99)
{
    public static Round From(Outcome outcome, Usage spent) => new(
        outcome.PerSecond,
        spent.CpuMicroseconds / outcome.Messages,
        (double)spent.AllocatedBytes / outcome.Messages,
        outcome.Percentile(0.50),
        outcome.Percentile(0.99));
}
