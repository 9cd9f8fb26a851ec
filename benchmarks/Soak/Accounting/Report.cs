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
    public static string Connections(IReadOnlyCollection<ConnectionAccount> accounts)
    {
        var ends = accounts.GroupBy(account => account.Ending).OrderByDescending(end => end.Count());
        return $"{accounts.Count} connections: {string.Join(", ", ends.Select(end => $"{end.Count()} {end.Key}"))}; "
            + $"{Count(accounts.Sum(account => account.Dropped))} messages reported as dropped unsent";
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
