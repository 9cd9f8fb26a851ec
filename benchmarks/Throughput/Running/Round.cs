using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>What one kind did at one work in one round; what does not apply is not a number.</summary>
internal sealed record Round
{
    public double PerSecond { get; init; } = double.NaN;

    /// <summary>What the server spends, in microseconds.</summary>
    public double CpuPerMessage { get; init; } = double.NaN;

    public double AllocatedPerMessage { get; init; } = double.NaN;

    /// <summary>The median latency, in microseconds.</summary>
    public double P50 { get; init; } = double.NaN;

    /// <summary>The latency that 99 of 100 messages stay within, in microseconds.</summary>
    public double P99 { get; init; } = double.NaN;

    /// <summary>Bytes that a connection adds to the managed heap after a full, compacting collection.</summary>
    public double HeapPerConnection { get; init; } = double.NaN;

    /// <summary>Bytes that a connection adds to the memory that the process holds of the machine's.</summary>
    public double ResidentPerConnection { get; init; } = double.NaN;

    /// <summary>As <see cref="CpuPerMessage"/>, among few connections.</summary>
    public double CpuAmongFew { get; init; } = double.NaN;

    /// <summary>How many times as much a delivery costs among many connections.</summary>
    public double Growth => CpuPerMessage / CpuAmongFew;

    public static Round From(Outcome outcome, Usage spent) => new()
    {
        PerSecond = outcome.PerSecond,
        CpuPerMessage = spent.CpuMicroseconds / outcome.Messages,
        AllocatedPerMessage = spent.AllocatedBytes / outcome.Messages,
        P50 = outcome.Percentile(0.50),
        P99 = outcome.Percentile(0.99),
    };
}
