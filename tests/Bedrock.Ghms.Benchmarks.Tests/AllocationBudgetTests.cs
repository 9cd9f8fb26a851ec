using System.Text.Json;

namespace Bedrock.Ghms.Benchmarks.Tests;

/// <summary>No benchmark allocates more for an operation than budgets.json allows it.</summary>
internal sealed class AllocationBudgetTests
{
    private static readonly SortedDictionary<string, long> Budgets = JsonSerializer.Deserialize<SortedDictionary<string, long>>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "budgets.json")))!;

    private static IEnumerable<TestCaseData> Cases() => BenchmarkCase.All.Select(its => new TestCaseData(its).SetArgDisplayNames(its.ToString()));

    [Test]
    public void Every_benchmark_has_a_budget_and_every_budget_a_benchmark() =>
        Assert.That(BenchmarkCase.All.Select(its => its.Name).Distinct().Order(StringComparer.Ordinal), Is.EqualTo(Budgets.Keys.Order(StringComparer.Ordinal)));

    [TestCaseSource(nameof(Cases))]
    public async Task Allocation_is_within_budget(BenchmarkCase benchmark)
    {
        double allocated = await benchmark.MeasureAllocationAsync(stopAt: Budgets[benchmark.Name]);
        Assert.That(allocated, Is.LessThanOrEqualTo(Budgets[benchmark.Name]), "bytes per operation");
    }
}
