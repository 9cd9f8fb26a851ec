using Bedrock.Ghms.Throughput;
using Bedrock.Ghms.Throughput.Reporting;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

internal sealed class GoalTests
{
    private static Goal Of(Work work) => Goal.All.First(goal => goal.Work == work);

    [TestCase(0.96, 1.01, true)]
    [TestCase(0.96, 0.99, false)]
    [TestCase(0.94, 1.20, false)]
    [TestCase(1.10, 1.20, true)]
    public void As_fast_as_another_is_what_could_be_so(double median, double high, bool met) =>
        Assert.That(Of(Work.Echo).IsMet(new Ratio(median, 0.9, high)), Is.EqualTo(met));

    [TestCase(0.90, true)]
    [TestCase(0.89, false)]
    public void A_share_is_to_be_reached(double median, bool met) =>
        Assert.That(Of(Work.Relay).IsMet(new Ratio(median, 0.1, 2)), Is.EqualTo(met));

    [TestCase(1.05, true)]
    [TestCase(1.06, false)]
    [TestCase(double.NaN, false)]
    public void A_cost_is_to_be_kept_within(double median, bool met) =>
        Assert.That(Of(Work.PingPong).IsMet(new Ratio(median, 0.1, 2)), Is.EqualTo(met));
}
