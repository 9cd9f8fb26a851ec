using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Throughput.Reporting;

/// <summary>One table for one work, as Markdown.</summary>
internal static class Report
{
    /// <param name="work">The work.</param>
    /// <param name="all">What was measured, also at other works of the same rounds.</param>
    /// <param name="against">The kind that ratios are taken to.</param>
    public static string Table(Work work, IReadOnlyList<Measured> all, string against)
    {
        Column[] columns = [.. Column.Of(work, all, against)];
        return Table(
            columns.Select(column => column.Title),
            all.Where(its => its.Work == work).Select(its => columns.Select(column => column.Cell(its))));
    }

    public static string Table(IEnumerable<string> titles, IEnumerable<IEnumerable<string>> cells)
    {
        string[][] rows = [[.. titles], .. cells.Select(row => row.ToArray())];
        int[] widths = [.. rows[0].Select((_, i) => rows.Max(row => row[i].Length))];
        IEnumerable<string> lines = rows
            .Select(row => Line(row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))));
        string rule = Line(widths.Select((width, i) => i == 0 ? new string('-', width) : new string('-', width - 1) + ":"));
        return string.Join(Environment.NewLine, lines.Take(1).Append(rule).Concat(lines.Skip(1)));
    }

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
}
