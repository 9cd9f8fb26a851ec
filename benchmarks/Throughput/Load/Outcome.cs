using System.Diagnostics;

namespace Bedrock.Ghms.Throughput.Load;

/// <param name="Sent">What the server had to handle.</param>
/// <param name="Messages">What counts: answers, one-way messages, or deliveries.</param>
/// <param name="Elapsed">From the first message sent to the last one received.</param>
internal sealed record Outcome(long Sent, long Messages, TimeSpan Elapsed)
{
    /// <summary>In the order of length; only where messages are timed one by one.</summary>
    public IReadOnlyList<TimeSpan> Latencies { get; init; } = [];

    public double PerSecond => Messages / Elapsed.TotalSeconds;

    /// <summary>The latency in microseconds that the given share of the messages stays within.</summary>
    public double Percentile(double share) => Latencies.Count == 0
        ? double.NaN
        : Latencies[(int)(share * (Latencies.Count - 1))].TotalMicroseconds;

    public static Outcome Since(long start, long sent, long messages) =>
        new(sent, messages, Stopwatch.GetElapsedTime(start));
}
