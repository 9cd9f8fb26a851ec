using Bedrock.Ghms.Topics.Matching;
using FsCheck;
using FsCheck.Fluent;

namespace Bedrock.Ghms.Tests.Topics.Matching;

public sealed class RetainedIndexTests
{
    [Test]
    public void After_any_changes_a_search_finds_what_a_scan_finds()
    {
        var change = from set in Gen.Elements(true, true, false) from topic in TopicGen.Topic from value in Gen.Choose(1, 9) select (set, topic, value);
        Prop.ForAll(change.ListOf(40).Zip(TopicGen.Filter.ListOf(10)).ToArbitrary(), pair => Check(pair.Item1, pair.Item2))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    [Test]
    public void Full_of_topics_it_refuses_others_and_goes_on_replacing()
    {
        var index = new RetainedIndex<string>(maxCount: 2, maxBytes: 100);
        Assert.That((index.TrySet("a", "1", 1), index.TrySet("b", "1", 1), index.TrySet("c", "1", 1)), Is.EqualTo((true, true, false)));
        Assert.That(index.TrySet("a", "2", 1), Is.True);
        Assert.That(All(index), Is.EquivalentTo(new[] { "2", "1" }));
        index.Clear("b");
        Assert.That(index.TrySet("c", "3", 1), Is.True);
        Assert.That((index.Count, index.Bytes), Is.EqualTo((2, 2L)));
    }

    [Test]
    public void Full_of_bytes_it_forgets_a_value_rather_than_keep_an_old_one()
    {
        var index = new RetainedIndex<string>(maxCount: 10, maxBytes: 10);
        Assert.That((index.TrySet("a", "1", 4), index.TrySet("b", "1", 6), index.TrySet("c", "1", 1)), Is.EqualTo((true, true, false)));
        Assert.That(index.TrySet("b", "2", 5), Is.True);
        Assert.That(index.TrySet("a", "2", 6), Is.False);
        Assert.That(All(index), Is.EqualTo(new[] { "2" }));
        Assert.That((index.Count, index.Bytes), Is.EqualTo((1, 5L)));
    }

    private static List<string> All(RetainedIndex<string> index)
    {
        var found = new List<string>();
        index.Search("#", found);
        return found;
    }

    private static void Check(IEnumerable<(bool Set, string Topic, int Value)> changes, IEnumerable<string> filters)
    {
        var index = new RetainedIndex<string>(1_000, 1_000_000);
        var model = new Dictionary<string, (string Text, int Size)>();
        foreach (var (set, topic, value) in changes)
        {
            if (set)
            {
                var text = $"{topic}={value}";
                Assert.That(index.TrySet(topic, text, value), Is.True);
                model[topic] = (text, value);
            }
            else
            {
                index.Clear(topic);
                model.Remove(topic);
            }
        }

        Assert.That((index.Count, index.Bytes), Is.EqualTo((model.Count, model.Values.Sum(value => (long)value.Size))));
        foreach (var filter in filters)
        {
            var found = new List<string>();
            index.Search(filter, found);
            var expected = model.Where(entry => NaiveMatcher.Matches(filter, entry.Key)).Select(entry => entry.Value.Text);
            Assert.That(found, Is.EquivalentTo(expected), filter);
        }
    }
}
