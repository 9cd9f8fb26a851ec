using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Topics.Matching;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Topics;

/// <summary>The retained values that a new subscription gets, and a value that changes, among few and among very many.</summary>
[MemoryDiagnoser]
public class RetainedBenchmarks
{
    private readonly RetainedIndex<string> _index = new(int.MaxValue, long.MaxValue);
    private readonly List<string> _found = [];

    [Params(10, 10_000, 1_000_000)]
    public int Topics { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        // Sites of ten rooms each, every room with one value.
        for (int i = 0; i < Topics; i++)
        {
            string topic = $"sites/{i / 10}/rooms/{i % 10}/temperature";
            _index.TrySet(topic, topic, 1);
        }

        Require.That(SearchLevel() == 10 && SearchBelow() == 10, "a search finds the ten rooms of a site");
        Require.That(Replace() && _index.Count == Topics, "a value takes another's place");
    }

    [Benchmark(Baseline = true)]
    public int SearchLevel() => Search("sites/0/rooms/+/temperature");

    [Benchmark]
    public int SearchBelow() => Search("sites/0/#");

    [Benchmark]
    public bool Replace() => _index.TrySet("sites/0/rooms/5/temperature", "new", 1);

    private int Search(string filter)
    {
        _found.Clear();
        _index.Search(filter, _found);
        return _found.Count;
    }
}
