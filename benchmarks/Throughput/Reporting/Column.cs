using System.Globalization;
using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Throughput.Reporting;

internal sealed record Column(string Title, Func<Measured, string> Cell)
{
    private const string None = "-";

    public static IEnumerable<Column> Of(Work work, IReadOnlyList<Measured> all, string against)
    {
        yield return new(work.ToString(), its => its.Kind);
        IEnumerable<Column> figures = work switch
        {
            Work.Idle => OfIdle(),
            Work.Growth => OfGrowth(),
            Work.PingPong => [.. OfLoad("messages/s"), .. OfLatency()],
            Work.Request => [.. OfLoad("messages/s"), Beside("CPU to echo", Work.Echo, round => round.CpuPerMessage)],
            Work.Relay or Work.Stalled => [.. OfLoad("messages/s"), Beside("to fan-out", Work.FanOut, round => round.PerSecond)],
            _ => OfLoad(work == Work.Connect ? "connections/s" : "messages/s"),
        };
        foreach (Column figure in figures)
        {
            yield return figure;
        }

        IEnumerable<Column> OfLoad(string title) =>
        [
            Median(title, round => round.PerSecond, "N0"),
            new("range", its => $"{its.Rounds.Min(r => r.PerSecond):N0}..{its.Rounds.Max(r => r.PerSecond):N0}"),
            Against(round => round.PerSecond),
            Median("CPU µs each", round => round.CpuPerMessage, "0.000"),
            Against(round => round.CpuPerMessage),
            Median("B each", round => round.AllocatedPerMessage, "0.0"),
        ];

        IEnumerable<Column> OfLatency() =>
        [
            Median("p50 µs", round => round.P50, "0.0"),
            Against(round => round.P50),
            Median("p99 µs", round => round.P99, "0.0"),
            Against(round => round.P99),
        ];

        IEnumerable<Column> OfIdle() =>
        [
            Median("heap B/connection", round => round.HeapPerConnection, "N0"),
            Against(round => round.HeapPerConnection),
            Median("resident B/connection", round => round.ResidentPerConnection, "N0"),
        ];

        IEnumerable<Column> OfGrowth() =>
        [
            Median("CPU µs among few", round => round.CpuAmongFew, "0.000"),
            Median("among many", round => round.CpuPerMessage, "0.000"),
            Median("growth", round => round.Growth, "0.00"),
            Against(round => round.Growth),
        ];

        Column Against(Func<Round, double> value) => new("ratio", its => Ratio(its, Find(work, against), value));

        Column Beside(string title, Work other, Func<Round, double> value) =>
            new(title, its => Ratio(its, Find(other, its.Kind), value));

        Measured? Find(Work other, string kind) => all.FirstOrDefault(its => its.Work == other && its.Kind == kind);
    }

    private static Column Median(string title, Func<Round, double> value, string format) => new(title, its =>
    {
        double median = Statistics.Median(its.Rounds.Select(value));
        return double.IsNaN(median) ? None : median.ToString(format, CultureInfo.InvariantCulture);
    });

    private static string Ratio(Measured its, Measured? unit, Func<Round, double> value) =>
        unit is not null && Statistics.MedianRatio(its, unit, value) is { Median: not double.NaN } ratio ? ratio.ToString() : None;
}
