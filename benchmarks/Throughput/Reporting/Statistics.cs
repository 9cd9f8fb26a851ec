using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Throughput.Reporting;

internal static class Statistics
{
    private const int Resamples = 10_000;
    private const double Tail = 0.025;

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>As the other, of one figure.</summary>
    public static Ratio MedianRatio(Measured its, Measured unit, Func<Round, double> value) =>
        MedianRatio([.. its.Rounds.Select(value)], [.. unit.Rounds.Select(value)]);

    /// <summary>The median ratio of values that were measured side by side, with its 95 % bootstrap interval.</summary>
    public static Ratio MedianRatio(IReadOnlyList<double> values, IReadOnlyList<double> baseline)
    {
        double[] ratios = [.. values.Zip(baseline, (value, unit) => value / unit)];

        // Not for secrets: the seed is fixed, so that one set of rounds always gives one interval.
        var random = new Random(1);
        double[] medians =
        [
            .. Enumerable.Range(0, Resamples)
                .Select(_ => Median(ratios.Select(_ => ratios[random.Next(ratios.Length)])))
                .Order(),
        ];
        return new Ratio(
            Median(ratios), medians[(int)(Tail * Resamples)], medians[(int)((1 - Tail) * Resamples) - 1]);
    }
}
