using Bedrock.Ghms.Topics.Matching;

namespace Bedrock.Ghms.Tests.Topics.Matching;

/// <summary>Whatever comes and goes, who stays is found exactly once, and who does not match is never found.</summary>
public sealed class SubscriptionIndexChurnTests
{
    private const int Rounds = 20_000;

    private static readonly string[] Passing = ["a/b", "a/+", "a/#", "+/b", "+/+", "#", "a/b/c", "a/b/#", "x/y", "+/+/+"];

    [Test]
    public async Task Subscribers_that_stay_are_matched_exactly_once_while_others_come_and_go()
    {
        var index = new SubscriptionIndex<string>();
        var always = Enumerable.Range(0, 30).Select(i => $"stays{i}").ToArray();
        foreach (var (i, subscriber) in always.Index())
        {
            index.Add(Passing[i % 3], subscriber, out _);
            index.Add(Passing[3 + (i % 3)], subscriber, out _);
        }

        index.Add("c/d", "elsewhere", out _);
        index.Add("a/b", "wanders", out _);

        using var done = new CancellationTokenSource();
        Task[] churn = [Task.Run(() => ComeAndGo(index, "c1", 1)), Task.Run(() => ComeAndGo(index, "c2", 2)), Task.Run(() => Wander(index))];
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() => Read(index, always, done.Token))).ToArray();
        await Task.WhenAll(churn);
        await done.CancelAsync();
        await Task.WhenAll(readers);
    }

    private static void ComeAndGo(SubscriptionIndex<string> index, string subscriber, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < Rounds; i++)
        {
            var filter = Passing[random.Next(Passing.Length)];
            if (random.Next(2) == 0)
            {
                index.Add(filter, subscriber, out _);
            }
            else
            {
                index.Remove(filter, subscriber, out _);
            }
        }
    }

    // At every moment it has a filter that matches a/b, though never the same one for long.
    private static void Wander(SubscriptionIndex<string> index)
    {
        string[] stations = ["a/b", "+/b", "a/#"];
        for (var i = 0; i < Rounds; i++)
        {
            index.Add(stations[(i + 1) % 3], "wanders", out _);
            index.Remove(stations[i % 3], "wanders", out _);
        }
    }

    private static void Read(SubscriptionIndex<string> index, string[] always, CancellationToken done)
    {
        var matches = new Matches<string>();
        do
        {
            index.Match("a/b", matches);
            var found = matches.Subscribers.ToList();
            if (found.Distinct().Count() != found.Count || found.Contains("elsewhere")
                || !found.Contains("wanders") || always.Except(found).Any())
            {
                Assert.Fail($"Found {string.Join(", ", found)}.");
            }
        }
        while (!done.IsCancellationRequested);
    }
}
