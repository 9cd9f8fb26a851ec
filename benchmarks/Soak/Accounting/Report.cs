using System.Globalization;
using System.Text;
using Bedrock.Ghms.Soak.Faults;
using Bedrock.Ghms.Soak.Load;

namespace Bedrock.Ghms.Soak.Accounting;

/// <summary>Puts what came of a run into tables.</summary>
internal static class Report
{
    /// <summary>What became of the messages.</summary>
    public static string Messages(IReadOnlyDictionary<StreamKind, Totals> totals)
    {
        var table = new StringBuilder("| | attempted | arrived | answered | failed, not sent | lost with a connection |\n|---|---:|---:|---:|---:|---:|\n");
        foreach (var (kind, each) in totals)
        {
            var answered = kind == StreamKind.Request ? Count(each.Answered) : "";
            table.Append(CultureInfo.InvariantCulture, $"| {kind} | {Count(each.Attempted)} | {Count(each.Arrived)} | {answered} | {Count(each.NotSent)} | {Count(each.Lost)} |\n");
        }

        return table.ToString();
    }

    /// <summary>How connections ended.</summary>
    public static string Connections(IReadOnlyDictionary<string, Ending> endings)
    {
        var table = new StringBuilder("| end | connections | lost with them | of these reported as dropped unsent |\n|---|---:|---:|---:|\n");
        foreach (var (ending, each) in endings.OrderByDescending(pair => pair.Value.Connections))
        {
            table.Append(CultureInfo.InvariantCulture, $"| {ending} | {Count(each.Connections)} | {Count(each.Lost)} | {Count(each.Dropped)} |\n");
        }

        return table.ToString();
    }

    /// <summary>How long it took to be back.</summary>
    public static string Recoveries(IReadOnlyDictionary<Fault, List<TimeSpan>> recoveries)
    {
        var table = new StringBuilder("| | times | back after: median | longest |\n|---|---:|---:|---:|\n");
        foreach (var (fault, times) in recoveries.Where(pair => pair.Value.Count > 0))
        {
            var sorted = times.Order().ToList();
            table.Append(CultureInfo.InvariantCulture, $"| {fault} | {times.Count} | {sorted[times.Count / 2].TotalSeconds:0.00} s | {sorted[^1].TotalSeconds:0.00} s |\n");
        }

        return table.ToString();
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
