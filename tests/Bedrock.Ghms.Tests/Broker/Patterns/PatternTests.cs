using System.Collections.Immutable;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Patterns;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Patterns;

internal sealed class PatternTests : JoinFixture
{
    private static readonly TestCaseData[] Choosers =
    [
        new TestCaseData(new RoundRobinPattern()).SetArgDisplayNames("round-robin"),
        new TestCaseData(new RandomPattern(new Random(1))).SetArgDisplayNames("random"),
        new TestCaseData(new LeastPendingPattern()).SetArgDisplayNames("least-pending"),
        new TestCaseData(new KeyHashPattern(message => message)).SetArgDisplayNames("key-hash"),
    ];

    [Test]
    public async Task Publish_is_the_default_and_reaches_everyone()
    {
        var broker = BuildJoined(builder => builder.AddJson().AddMessage<Greeting>());
        await JoinManyAsync(broker, 4);
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(4));
    }

    [Test]
    public async Task Round_robin_goes_round()
    {
        var broker = Make(new RoundRobinPattern());
        var joined = await JoinManyAsync(broker, 3);
        for (var i = 0; i < 9; i++)
        {
            Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(1));
        }

        Assert.That(joined.Select(one => one.Connection.SentMessages), Is.All.EqualTo(3));
    }

    [Test]
    public async Task Random_draws_evenly()
    {
        var broker = Make(new RandomPattern(new Random(42)));
        var joined = await JoinManyAsync(broker, 4);
        for (var i = 0; i < 400; i++)
        {
            await broker.SendAsync(new Greeting("h"));
        }

        Assert.That(joined.Select(one => one.Connection.SentMessages), Is.All.InRange(60, 140));
        Assert.That(broker.GetStats().Sent, Is.EqualTo(400));
    }

    [Test]
    public async Task Random_repeats_itself_with_a_seed()
    {
        var candidates = await CandidatesAsync(5);
        var (one, other) = (new RandomPattern(new Random(7)), new RandomPattern(new Random(7)));
        var chosen = Enumerable.Range(0, 50).Select(_ => one.Choose("", candidates).Connection).ToArray();
        Assert.That(Enumerable.Range(0, 50).Select(_ => other.Choose("", candidates).Connection), Is.EqualTo(chosen));
        Assert.That(chosen.Distinct().Count(), Is.GreaterThan(1));
    }

    [Test]
    public async Task Least_pending_prefers_whom_nothing_waits_for()
    {
        var broker = Make(new LeastPendingPattern());
        var stuck = await JoinAsync(broker, options: new InMemoryOptions { PauseThreshold = 600 });
        await stuck.Connection.SendAsync(new Greeting(new string('x', 1_000)));
        Assert.That(stuck.Connection.PendingBytes, Is.GreaterThan(1_000));
        var free = await JoinManyAsync(broker, 2);
        for (var i = 0; i < 6; i++)
        {
            await broker.SendAsync(new Greeting("hello"));
        }

        Assert.That(stuck.Connection.SentMessages, Is.EqualTo(1), "only the one that is stuck");
        Assert.That(free.Sum(one => one.Connection.SentMessages), Is.EqualTo(6));
        Assert.That(free.Select(one => one.Connection.SentMessages), Is.All.GreaterThan(0), "equals take turns");
    }

    [Test]
    public async Task Equal_keys_go_to_one_connection_and_keys_spread()
    {
        var broker = Make(new KeyHashPattern(message => ((Greeting)message).Word.Length));
        var joined = await JoinManyAsync(broker, 4);
        for (var length = 1; length <= 64; length++)
        {
            var before = joined.Select(one => one.Connection.SentMessages).ToArray();
            await broker.SendAsync(new Greeting(new string('a', length)));
            await broker.SendAsync(new Greeting(new string('b', length)));
            Assert.That(joined.Select((one, i) => one.Connection.SentMessages - before[i]).Max(), Is.EqualTo(2));
        }

        Assert.That(joined.Select(one => one.Connection.SentMessages), Is.All.GreaterThan(0));
    }

    [Test]
    public async Task A_leaving_connection_moves_only_its_own_keys()
    {
        var broker = Make(new PublishPattern());
        var joined = await JoinManyAsync(broker, 5);
        var pattern = new KeyHashPattern(message => message);
        GhmsConnection[] Owners() => [.. Enumerable.Range(0, 500).Select(key => pattern.Choose(key, [.. broker.Connections]).Connection!)];

        var before = Owners();
        var leaver = joined[2].Connection;
        await joined[2].LeaveAsync();
        var after = Owners();
        Assert.That(before, Has.Some.SameAs(leaver));
        Assert.That(after, Has.None.SameAs(leaver));
        Assert.That(before.Zip(after).Where(key => key.First != leaver), Has.All.Matches<(GhmsConnection First, GhmsConnection Second)>(key => key.First == key.Second));
        Assert.That(before.Zip(after).Where(key => key.First == leaver).Select(key => key.Second).Distinct().Count(), Is.GreaterThan(1), "spread over the others");
    }

    [TestCaseSource(nameof(Choosers))]
    public async Task An_ended_connection_is_never_chosen(IDistributionPattern pattern)
    {
        var broker = Make(new PublishPattern());
        var joined = await JoinManyAsync(broker, 3);
        var candidates = joined.Select(one => one.Connection).ToImmutableArray();
        await joined[0].LeaveAsync();
        await joined[2].LeaveAsync();
        for (var i = 0; i < 30; i++)
        {
            Assert.That(pattern.Choose(new Greeting($"{i}"), candidates).Connection, Is.SameAs(joined[1].Connection));
        }

        await joined[1].LeaveAsync();
        var nobody = pattern.Choose(new Greeting(""), candidates);
        Assert.That((nobody.IsAll, nobody.Connection, nobody.Many!.Count), Is.EqualTo((false, (GhmsConnection?)null, 0)));
    }

    [Test]
    public async Task A_custom_pattern_sees_message_and_candidates_and_decides()
    {
        var pattern = new Custom(candidates => Recipients.Exactly([candidates[0], candidates[^1]]));
        var broker = Make(pattern);
        var joined = await JoinManyAsync(broker, 3);
        var message = new Greeting("hello");
        Assert.That(await broker.SendAsync(message), Is.EqualTo(2));
        Assert.That(pattern.Asked.Single().Message, Is.SameAs(message));
        Assert.That(pattern.Asked.Single().Candidates, Is.EquivalentTo(joined.Select(one => one.Connection)));
    }

    [Test]
    public async Task A_pattern_that_leaves_nobody_sends_to_nobody()
    {
        var broker = Make(new Custom(_ => Recipients.Exactly([])));
        var joined = await JoinManyAsync(broker, 2);
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.Zero);
        Assert.That(await broker.SendAsync(new Greeting("hello"), [joined[0].Connection]), Is.Zero);
        Assert.That(broker.GetStats().Sent, Is.Zero);
    }

    [Test]
    public async Task A_pattern_chooses_among_those_named()
    {
        var pattern = new Custom(candidates => Recipients.Exactly(candidates[0]));
        var broker = Make(pattern);
        var joined = await JoinManyAsync(broker, 3);
        await broker.SendAsync(new Greeting("hello"), [joined[2].Connection, joined[1].Connection, joined[2].Connection]);
        Assert.That(pattern.Asked.Single().Candidates, Is.EqualTo(new[] { joined[2].Connection, joined[1].Connection }));
        Assert.That(joined.Select(one => one.Connection.SentMessages), Is.EqualTo(new long[] { 0, 0, 1 }));
    }

    [Test]
    public async Task A_pattern_is_not_asked_where_the_recipients_are_fixed()
    {
        var pattern = new Custom(_ => Recipients.Exactly([]));
        var broker = Make(pattern);
        var joined = await JoinManyAsync(broker, 2);
        Assert.That(await broker.SendAsync(new Greeting("hello"), Recipients.Exactly(joined[0].Connection)), Is.EqualTo(1));
        Assert.That(await broker.SendAsync(new Greeting("hello"), Recipients.Exactly([joined[0].Connection, joined[1].Connection])), Is.EqualTo(2));
        Assert.That(await joined[0].Connection.SendAsync(new Greeting("hello")), Is.EqualTo(1));
        Assert.That(pattern.Asked, Is.Empty);
    }

    [Test]
    public async Task Sends_between_two_changes_share_one_snapshot()
    {
        var pattern = new Custom(_ => Recipients.All);
        var broker = Make(pattern);
        await JoinManyAsync(broker, 2);
        await broker.SendAsync(new Greeting("hello"));
        await broker.SendAsync(new Greeting("hello"));
        await JoinAsync(broker);
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(3));
        Assert.That(pattern.Asked[1].Candidates == pattern.Asked[0].Candidates, Is.True, "no copy per send");
        Assert.That(pattern.Asked[0].Candidates, Has.Length.EqualTo(2), "a snapshot does not change");
    }

    private GhmsBroker Make(IDistributionPattern pattern) =>
        BuildJoined(builder => builder.AddJson().AddMessage<Greeting>().UsePattern(pattern));

    private async Task<ImmutableArray<GhmsConnection>> CandidatesAsync(int count) =>
        [.. (await JoinManyAsync(Make(new PublishPattern()), count)).Select(one => one.Connection)];

    private sealed class Custom(Func<ImmutableArray<GhmsConnection>, Recipients> choose) : IDistributionPattern
    {
        public List<(object Message, ImmutableArray<GhmsConnection> Candidates)> Asked { get; } = [];

        public Recipients Choose(object message, ImmutableArray<GhmsConnection> candidates)
        {
            Asked.Add((message, candidates));
            return choose(candidates);
        }
    }
}
