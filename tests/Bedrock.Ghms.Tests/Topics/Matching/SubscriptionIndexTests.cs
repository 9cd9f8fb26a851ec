using Bedrock.Ghms.Topics.Matching;
using FsCheck;
using FsCheck.Fluent;

namespace Bedrock.Ghms.Tests.Topics.Matching;

/// <summary>The index against a plain set of pairs that is looked through from end to end.</summary>
public sealed class SubscriptionIndexTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(1_000);

    private static readonly Gen<(bool Add, string Filter, string Subscriber)> Change =
        from add in Gen.Elements(true, true, false)
        from filter in TopicGen.Filter
        from subscriber in Gen.Choose(1, 40)
        select (add, filter, $"s{subscriber}");

    [Test]
    public void After_any_changes_each_subscriber_matches_exactly_once()
    {
        var changes = Change.ListOf(60);
        var topics = TopicGen.Topic.ListOf(10);
        Prop.ForAll(changes.Zip(topics).ToArbitrary(), pair => Check(pair.Item1, pair.Item2)).Check(Thorough);
    }

    [Test]
    public void A_filter_with_many_subscribers_stays_a_set()
    {
        var few = from add in Gen.Elements(true, false) from subscriber in Gen.Choose(1, 60) select (add, "a/+", $"s{subscriber}");
        Prop.ForAll(few.ListOf(200).ToArbitrary(), changes => Check(changes, ["a/b"])).Check(Config.QuickThrowOnFailure);
    }

    [Test]
    public void One_filter_hands_out_its_own_snapshot_which_never_changes()
    {
        var index = new SubscriptionIndex<string>();
        var (first, second) = (new Matches<string>(), new Matches<string>());
        index.Add("a/#", "s1", out _);
        index.Match("a/b", first);
        index.Match("a/c", second);
        Assert.That(first.Subscribers, Is.SameAs(second.Subscribers));
        index.Add("a/#", "s2", out _);
        Assert.That(first.Subscribers, Is.EqualTo(new[] { "s1" }));
    }

    private static void Check(IEnumerable<(bool Add, string Filter, string Subscriber)> changes, IEnumerable<string> topics)
    {
        var index = new SubscriptionIndex<string>();
        var model = new HashSet<(string Filter, string Subscriber)>();
        var matches = new Matches<string>();
        foreach (var (add, filter, subscriber) in changes)
        {
            var others = model.Any(pair => pair.Filter == filter && pair.Subscriber != subscriber);
            if (add)
            {
                var isNew = model.Add((filter, subscriber));
                Assert.That(index.Add(filter, subscriber, out var isFirst), Is.EqualTo(isNew));
                Assert.That(isFirst, Is.EqualTo(isNew && !others));
            }
            else
            {
                var wasThere = model.Remove((filter, subscriber));
                Assert.That(index.Remove(filter, subscriber, out var wasLast), Is.EqualTo(wasThere));
                Assert.That(wasLast, Is.EqualTo(wasThere && !others));
            }
        }

        foreach (var topic in topics)
        {
            var expected = model.Where(pair => NaiveMatcher.Matches(pair.Filter, topic)).Select(pair => pair.Subscriber).Distinct();
            index.Match(topic, matches);
            Assert.That(matches.Subscribers, Is.EquivalentTo(expected), topic);
        }

        foreach (var (filter, subscriber) in model)
        {
            index.Remove(filter, subscriber, out _);
        }

        Assert.That(index.IsEmpty, Is.True, "Nothing is left of what was removed.");
    }
}
