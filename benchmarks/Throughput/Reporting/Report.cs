using System.Globalization;
using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Throughput.Reporting;

/// <summary>One table for one work, as Markdown.</summary>
internal static class Report
{
    public static string Table(Work work, IReadOnlyList<Measured> measured, string against)
    {
        IReadOnlyList<Round>? baseline = measured.FirstOrDefault(its => its.Kind == against)?.Rounds;
        var columns = Columns(work, baseline).ToArray();
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
        Work work, IReadOnlyList<Round>? baseline)
    {
        yield return (work.ToString(), its => its.Kind);
        yield return ("messages/s", its => Median(its, round => round.PerSecond, "N0"));
        yield return ("range", its => $"{its.Rounds.Min(r => r.PerSecond):N0}..{its.Rounds.Max(r => r.PerSecond):N0}");
        yield return ("ratio", its => Against(its, round => round.PerSecond));
        yield return ("CPU µs/msg", its => Median(its, round => round.CpuPerMessage, "0.000"));
        yield return ("ratio", its => Against(its, round => round.CpuPerMessage));
        yield return ("B/msg", its => Median(its, round => round.AllocatedPerMessage, "0.0"));
        if (work == Work.PingPong)
        {
            yield return ("p50 µs", its => Median(its, round => round.P50, "0.0"));
            yield return ("ratio", its => Against(its, round => round.P50));
            yield return ("p99 µs", its => Median(its, round => round.P99, "0.0"));
            yield return ("ratio", its => Against(its, round => round.P99));
        }

        string Against(Measured its, Func<Round, double> value) => baseline is null
            ? "-"
            : Statistics.MedianRatio([.. its.Rounds.Select(value)], [.. baseline.Select(value)]).ToString();
    }

    private static string Median(Measured its, Func<Round, double> value, string format) =>
        Statistics.Median(its.Rounds.Select(value)).ToString(format, CultureInfo.InvariantCulture);

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
}
