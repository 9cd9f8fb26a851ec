using System.Text;
using System.Text.Json;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics.Matching;

namespace Bedrock.Ghms.Tests.Topics.Matching;

public sealed class TopicVectorTests
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    [TestCaseSource(nameof(Matching))]
    public void A_filter_matches_its_topics(JsonElement vector)
    {
        var (filter, topic) = (vector.GetProperty("filter").GetString()!, vector.GetProperty("topic").GetString()!);
        var expected = vector.GetProperty("matches").GetBoolean();
        Assert.That(TopicSyntax.IsFilter(filter) && TopicSyntax.IsTopic(topic), Is.True, "both are valid");

        var subscriptions = new SubscriptionIndex<string>();
        var matches = new Matches<string>();
        subscriptions.Add(filter, "somebody", out _);
        subscriptions.Match(topic, matches);
        Assert.That(matches.Subscribers, Has.Count.EqualTo(expected ? 1 : 0), "subscription");

        var retained = new RetainedIndex<string>(1, 1);
        retained.TrySet(topic, "something", 1);
        var found = new List<string>();
        retained.Search(filter, found);
        Assert.That(found, Has.Count.EqualTo(expected ? 1 : 0), "retained value");
        Assert.That(NaiveMatcher.Matches(filter, topic), Is.EqualTo(expected), "the tests' own matcher");
    }

    [TestCaseSource(nameof(Topics))]
    public void A_topic_is_checked(JsonElement vector)
    {
        var utf8 = BytesOf(vector);
        var expected = vector.GetProperty("valid").GetBoolean();
        Assert.That(TopicSyntax.TryReadTopic(utf8, out var topic), Is.EqualTo(expected));
        CheckText(vector, utf8, expected, topic, text => TopicSyntax.IsTopic(text));
    }

    [TestCaseSource(nameof(Filters))]
    public void A_filter_is_checked(JsonElement vector)
    {
        var utf8 = BytesOf(vector);
        var expected = vector.GetProperty("valid").GetBoolean();
        Assert.That(TopicSyntax.TryReadFilter(utf8, out var filter), Is.EqualTo(expected));
        CheckText(vector, utf8, expected, filter, text => TopicSyntax.IsFilter(text));
    }

    [Test]
    public void A_lone_surrogate_is_in_no_topic()
    {
        Assert.That(TopicSyntax.IsTopic("a\ud800"), Is.False);
        Assert.That(TopicSyntax.IsFilter("a\udc00/#"), Is.False);
    }

    private static void CheckText(JsonElement vector, byte[] utf8, bool expected, string? read, Func<string, bool> isValid)
    {
        if (expected)
        {
            Assert.That(Strict.GetBytes(read!), Is.EqualTo(utf8));
        }

        if (vector.TryGetProperty("text", out var text))
        {
            Assert.That(isValid(text.Text()), Is.EqualTo(expected), "as text");
        }
    }

    private static byte[] BytesOf(JsonElement vector) =>
        vector.TryGetProperty("utf8", out var utf8) ? utf8.Hex() : Strict.GetBytes(vector.GetProperty("text").Text());

    private static IEnumerable<TestCaseData> Matching() => Vectors.Cases("topics.json", "matching");

    private static IEnumerable<TestCaseData> Topics() => Vectors.Cases("topics.json", "topics");

    private static IEnumerable<TestCaseData> Filters() => Vectors.Cases("topics.json", "filters");
}
