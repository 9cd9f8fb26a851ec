using Bedrock.Ghms.Throughput.Reporting;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

internal sealed class StatisticsTests
{
    [TestCase(new[] { 3.0, 1.0, 2.0 }, 2.0)]
    [TestCase(new[] { 4.0, 1.0, 2.0, 3.0 }, 2.5)]
    public void The_median_is_in_the_middle(double[] values, double median) =>
        Assert.That(Statistics.Median(values), Is.EqualTo(median));

    [Test]
    public void Ratios_are_taken_round_by_round()
    {
        Ratio ratio = Statistics.MedianRatio([2, 20, 200], [1, 10, 100]);
        Assert.That(ratio, Is.EqualTo(new Ratio(2, 2, 2)));
    }

    [Test]
    public void The_interval_spans_what_the_rounds_leave_open()
    {
        Ratio ratio = Statistics.MedianRatio([0.9, 1.0, 1.1, 1.0, 1.0, 1.2, 0.8], [1, 1, 1, 1, 1, 1, 1]);
        Assert.That(ratio.Median, Is.EqualTo(1.0));
        Assert.That(ratio.Low, Is.InRange(0.8, 1.0));
        Assert.That(ratio.High, Is.InRange(1.0, 1.2));
    }
}
