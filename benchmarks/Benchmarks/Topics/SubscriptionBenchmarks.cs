using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Topics.Matching;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Topics;

/// <summary>Who gets a publication, once per publication, and a subscription that comes or goes, among few and among very many.</summary>
[MemoryDiagnoser]
public class SubscriptionBenchmarks
{
    private const string Topic = "orders/eu/5/created";

    private readonly SubscriptionIndex<string> _index = new();
    private readonly Matches<string> _one = new();
    private readonly Matches<string> _several = new();
    private string[] _filters = [];

    [Params(10, 10_000, 1_000_000)]
    public int Filters { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _filters = [.. Enumerable.Range(0, Filters).Select(i => $"orders/eu/{i}/created")];
        foreach (string filter in _filters)
        {
            _index.Add(filter, filter, out _);
        }

        foreach (string filter in (string[])["stock/+/5/#", "stock/eu/#", "stock/eu/+/created", "stock/eu/5/created"])
        {
            _index.Add(filter, "a", out _);
            _index.Add(filter, filter, out _);
        }

        Require.That(MatchOne() == 1 && _one.Subscribers.Single() == Topic, "one filter matches");
        Require.That(MatchSeveral() == 5, "several filters match, and one subscriber has all of them");
        AddAndRemove();
        Require.That(MatchOne() == 1, "what was added is removed");
    }

    /// <summary>One filter matches.</summary>
    [Benchmark(Baseline = true)]
    public int MatchOne()
    {
        _index.Match(Topic, _one);
        return _one.Subscribers.Count;
    }

    /// <summary>Four filters match, with five subscribers between them.</summary>
    [Benchmark]
    public int MatchSeveral()
    {
        _index.Match("stock/eu/5/created", _several);
        return _several.Subscribers.Count;
    }

    /// <summary>A subscription to a filter that nobody else has, and its end.</summary>
    [Benchmark]
    public void AddAndRemove()
    {
        _index.Add("orders/eu/-1/created", "b", out _);
        _index.Remove("orders/eu/-1/created", "b", out _);
    }
}
