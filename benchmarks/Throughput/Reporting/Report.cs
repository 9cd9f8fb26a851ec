using System.Globalization;
using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Throughput.Reporting;

/// <summary>One table for one work, as Markdown.</summary>
internal static class Report
{
    public static string Table(Work work, IReadOnlyList<Measured> all, string against)
    {
        Measured[] measured = [.. all.Where(its => its.Work == work)];
        IReadOnlyList<Round>? baseline = measured.FirstOrDefault(its => its.Kind == against)?.Rounds;
        var columns = Columns(work, all, baseline).ToArray();
        string[][] rows =
        [
            [.. columns.Select(column => column.Title)],
            .. measured.Select(its => columns.Select(column => column.Cell(its)).ToArray()),
        ];
        int[] widths = [.. columns.Select((_, i) => rows.Max(row => row[i].Length))];
        IEnumerable<string> lines = rows
            .Select(row => Line(row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))));
        string rule = Line(widths.Select((width, i) => i == 0 ? new string('-', width) : new string('-', width - 1) + ":"));
        return string.Join(Environment.NewLine, lines.Take(1).Append(rule).Concat(lines.Skip(1)));
    }

    private static IEnumerable<(string Title, Func<Measured, string> Cell)> Columns(
        Work work, IReadOnlyList<Measured> all, IReadOnlyList<Round>? baseline)
    {
        yield return (work.ToString(), its => its.Kind);
        yield return ("messages/s", its => Median(its, round => round.PerSecond, "N0"));
        yield return ("range", its => $"{its.Rounds.Min(r => r.PerSecond):N0}..{its.Rounds.Max(r => r.PerSecond):N0}");
        yield return ("ratio", its => Against(its, round => round.PerSecond));
        yield return ("CPU µs/msg", its => Median(its, round => round.CpuPerMessage, "0.000"));
        yield return ("ratio", its => Against(its, round => round.CpuPerMessage));
        yield return ("B/msg", its => Median(its, round => round.AllocatedPerMessage, "0.0"));
        if (work == Work.Request)
        {
            yield return ("CPU to echo", CpuToEcho);
        }

        if (work == Work.PingPong)
        {
            yield return ("p50 µs", its => Median(its, round => round.P50, "0.0"));
            yield return ("ratio", its => Against(its, round => round.P50));
            yield return ("p99 µs", its => Median(its, round => round.P99, "0.0"));
            yield return ("ratio", its => Against(its, round => round.P99));
        }

        string Against(Measured its, Func<Round, double> value) => Ratio(its.Rounds, baseline, value);

        string CpuToEcho(Measured its) => Ratio(
            its.Rounds,
            all.FirstOrDefault(other => other.Work == Work.Echo && other.Kind == its.Kind)?.Rounds,
            round => round.CpuPerMessage);
    }

    private static string Ratio(IReadOnlyList<Round> rounds, IReadOnlyList<Round>? unit, Func<Round, double> value) => unit is null
        ? "-"
        : Statistics.MedianRatio([.. rounds.Select(value)], [.. unit.Select(value)]).ToString();

    private static string Median(Measured its, Func<Round, double> value, string format) =>
        Statistics.Median(its.Rounds.Select(value)).ToString(format, CultureInfo.InvariantCulture);

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
}
