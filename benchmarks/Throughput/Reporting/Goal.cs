using System.Globalization;
using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Throughput.Reporting;

/// <summary>What the library promises beside a server that an expert writes by hand for the one work.</summary>
/// <param name="Text">What is compared.</param>
/// <param name="Work">Where the library is measured.</param>
/// <param name="Value">The figure.</param>
/// <param name="UnitWork">Where what it is compared with is measured.</param>
/// <param name="UnitKind">What that is.</param>
/// <param name="Bound">What the ratio has to reach, or to stay within.</param>
/// <param name="AtMost">Whether less is better.</param>
internal sealed record Goal(
    string Text, Work Work, Func<Round, double> Value, Work UnitWork, string UnitKind, double Bound, bool AtMost = false)
{
    private const string Ours = "ghms";

    /// <summary>How far below 1.0 the median may be where the interval says that it could as well be 1.0.</summary>
    private const double Doubt = 0.95;

    public static IReadOnlyList<Goal> All { get; } =
    [
        Speed("echo", Work.Echo, "baseline"),
        Speed("one-way", Work.OneWay, "baseline"),
        Speed("fan-out", Work.FanOut, "baseline-shared"),
        Speed("fan-out to ten times as many", Work.WideFanOut, "baseline-shared"),
        Speed("fan-out, split", Work.Split, "baseline-shared"),
        new("relay by topic, to fan-out", Work.Relay, round => round.PerSecond, Work.FanOut, Ours, 0.9),
        new("fan-out while one more does not read, to fan-out", Work.Stalled, round => round.PerSecond, Work.FanOut, Ours, 0.95),
        Cost("ping-pong, p50", Work.PingPong, round => round.P50, "baseline", 1.05),
        Cost("ping-pong, p99", Work.PingPong, round => round.P99, "baseline", 1.05),
        Cost("heap of an idle connection", Work.Idle, round => round.HeapPerConnection, "baseline", 1.3),
        new("connections per second", Work.Connect, round => round.PerSecond, Work.Connect, "baseline", 0.9),
        Cost("growth of CPU per delivery", Work.Growth, round => round.Growth, "baseline-shared", 1.25),
    ];

    /// <summary>The goals that what was measured says something about.</summary>
    public static string? Table(IReadOnlyList<Measured> all)
    {
        string[][] rows = [.. All.Select(goal => goal.Row(all)).OfType<string[]>()];
        return rows.Length == 0 ? null : Report.Table(["goal", "bound", "measured", "met?"], rows);
    }

    public bool IsMet(Ratio ratio)
    {
        if (AtMost)
        {
            return ratio.Median <= Bound;
        }

        return Bound < 1.0 ? ratio.Median >= Bound : ratio.High >= Bound && ratio.Median >= Doubt * Bound;
    }

    private string[]? Row(IReadOnlyList<Measured> all)
    {
        Measured? ours = all.FirstOrDefault(its => its.Work == Work && its.Kind == Ours);
        Measured? unit = all.FirstOrDefault(its => its.Work == UnitWork && its.Kind == UnitKind);
        if (ours is null || unit is null)
        {
            return null;
        }

        Ratio ratio = Statistics.MedianRatio(ours, unit, Value);
        string bound = string.Create(CultureInfo.InvariantCulture, $"{(AtMost ? "<=" : ">=")} {Bound:0.0#}");
        return [$"{Text}, against {UnitKind}", bound, ratio.ToString(), IsMet(ratio) ? "yes" : "no"];
    }

    private static Goal Speed(string text, Work work, string unit) => new(text, work, round => round.PerSecond, work, unit, 1.0);

    private static Goal Cost(string text, Work work, Func<Round, double> value, string unit, double bound) =>
        new(text, work, value, work, unit, bound, AtMost: true);
}
