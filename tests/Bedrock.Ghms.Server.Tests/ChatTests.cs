using Bedrock.Ghms.Client;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The Chat as its users run it, and as somebody runs against it who means no good.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.Children)]
internal sealed class ChatTests
{
    private ChatProcess _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ChatProcess.ServeAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Two_hear_each_other_and_a_late_third_sees_the_last_words_and_who_is_here()
    {
        await using var ann = await _server.JoinAsync("ann");
        await using var bob = await _server.JoinAsync("bob");
        await ann.ReadUntilAsync("bob has come.");
        await ann.TypeAsync("hello bob");
        await bob.ReadUntilAsync(" ann: hello bob");
        await bob.TypeAsync("hello ann");
        await ann.ReadUntilAsync(" bob: hello ann");
        await bob.TypeAsync("/who");
        var who = await bob.ReadUntilAsync("In tea");
        await using var cat = await _server.JoinAsync("cat");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ann.Shown, Does.EndWith("* You are in tea, alone."));
            Assert.That(bob.Shown, Does.EndWith("* You are in tea, with ann."));
            Assert.That(who, Does.EndWith("* In tea: ann, bob"));
            Assert.That(cat.Shown, Does.Contain(" bob: hello ann").And.Not.Contains("hello bob"));
            Assert.That(cat.Shown, Does.EndWith("* You are in tea, with ann, bob."));
        }
    }

    [Test]
    public async Task Whoever_goes_to_another_room_is_gone_from_the_first()
    {
        await using var ann = await _server.JoinAsync("ann");
        await using var bob = await _server.JoinAsync("bob", "--room", "coffee");
        await bob.TypeAsync("/join tea");
        await bob.ReadUntilAsync("You are in tea, with ann.");
        await ann.ReadUntilAsync("bob has come.");
        await ann.TypeAsync("/join coffee");
        await ann.ReadUntilAsync("You are in coffee, alone.");
        await bob.ReadUntilAsync("ann has gone.");
        await bob.TypeAsync("/rooms");
        await bob.ReadUntilAsync("Rooms: coffee, tea");
        await ann.TypeAsync("/join tea/here");
        await ann.ReadUntilAsync("/join ROOM");
    }

    [TestCase("KILL", 137)]
    [TestCase("INT", 0)]
    [TestCase("TERM", 0)]
    public async Task Whoever_is_ended_is_gone_and_the_name_is_free(string signal, int exitCode)
    {
        await using var ann = await _server.JoinAsync("ann");
        await using var bob = await _server.JoinAsync("bob");
        await bob.SignalAsync(signal);
        await ann.ReadUntilAsync("bob has gone.");
        var ended = await bob.EndAsync();
        await using var again = await JoinAgainAsync("bob");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.EqualTo(exitCode));
            Assert.That(ended.Errors, Is.Empty);
            Assert.That(again.Shown, Does.EndWith("* You are in tea, with ann."));
        }
    }

    [Test]
    public async Task Whoever_quits_or_has_no_more_to_say_ends_with_0_and_what_was_said_is_heard()
    {
        await using var ann = await _server.JoinAsync("ann");
        await using var bob = await _server.JoinAsync("bob");
        await using var cat = await _server.JoinAsync("cat");
        await bob.TypeAsync("good bye");
        await bob.TypeAsync("/quit");
        await ann.ReadUntilAsync(" bob: good bye");
        await ann.ReadUntilAsync("bob has gone.");
        cat.EndInput();
        await ann.ReadUntilAsync("cat has gone.");
        Assert.That(((await bob.EndAsync()).ExitCode, (await cat.EndAsync()).ExitCode), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task A_name_that_is_taken_is_refused()
    {
        await using var ann = await _server.JoinAsync("ann");
        var second = await Programs.RunAsync(Programs.Sample("Chat", "Ann", "--port", $"{_server.Port}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.ExitCode, Is.EqualTo(1));
            Assert.That(second.Errors.TrimEnd(), Is.EqualTo("Somebody of that name is here already."));
            Assert.That(second.Output, Is.Empty);
        }
    }

    [Test]
    public async Task When_the_server_ends_clients_say_so_and_then_there_is_none()
    {
        await using var ann = await _server.JoinAsync("ann");
        await _server.SignalAsync("TERM");
        var client = await ann.EndAsync();
        var server = await _server.EndAsync();
        var late = await Programs.RunAsync(Programs.Sample("Chat", "bob", "--port", $"{_server.Port}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((server.ExitCode, server.Errors), Is.EqualTo((0, "")));
            Assert.That((client.ExitCode, client.Errors.TrimEnd()), Is.EqualTo((1, "The server has ended the conversation.")));
            Assert.That(late.ExitCode, Is.EqualTo(1));
            Assert.That(late.Errors.TrimEnd(), Does.StartWith($"There is no chat at 127.0.0.1:{_server.Port}").And.Not.Contains("\n"));
        }
    }

    [Test]
    public async Task Nobody_speaks_or_comes_under_the_name_of_another_or_writes_to_a_terminal()
    {
        await using var ann = await _server.JoinAsync("ann");
        await using var eve = await ConnectAsync();
        await eve.RequestAsync<Welcome>(new Hello("eve"));
        await eve.SendAsync(new Join("tea"));
        await eve.PublishAsync("chat/tea/words", new Words("ann", "forged", DateTimeOffset.UnixEpoch));
        await eve.PublishAsync("chat/tea/here/bob", new Presence(true));
        await eve.PublishAsync("chat/tea/here/ann", new Presence(false));
        await eve.ClearRetainedAsync("chat/tea/here/ann");
        await eve.PublishAsync("chat/coffee/here/eve", new Presence(true));
        await eve.PublishAsync("chat/tea/here/eve", new Presence(true));
        await eve.SendAsync(new Say("\e[31m\u202Ered\r\nann: \u0085\u2028😀"));
        var shown = await ann.ReadUntilAsync(" eve: ");
        await using var dan = await _server.JoinAsync("dan");
        await dan.TypeAsync("/who");
        var who = await dan.ReadUntilAsync("In tea");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(shown, Does.StartWith("* eve has come.\n").And.EndWith(" eve: \uFFFD[31m\uFFFDred\uFFFD\uFFFDann: \uFFFD\uFFFD😀"));
            Assert.That(who, Does.EndWith("* In tea: ann, dan, eve"));
        }
    }

    [TestCase("#")]
    [TestCase("chat/+/words")]
    [TestCase("chat/tea/#")]
    [TestCase("chat/tea/here/#")]
    [TestCase("chat")]
    public async Task What_is_not_of_one_room_cannot_be_listened_to(string filter)
    {
        await using var eve = await ConnectAsync();
        await eve.RequestAsync<Welcome>(new Hello("eve"));
        Assert.That(
            () => eve.SubscribeAsync<object>(filter, (_, _, _) => ValueTask.CompletedTask),
            Throws.TypeOf<GhmsSubscriptionException>().With.Property("Outcome").EqualTo(SubscriptionOutcome.NotAllowed));
    }

    [TestCase("")]
    [TestCase("a/b")]
    [TestCase("a\e[31m")]
    public async Task What_is_no_name_is_refused(string name)
    {
        await using var eve = await ConnectAsync();
        Assert.That(
            async () => await eve.RequestAsync<Welcome>(new Hello(name)),
            Throws.TypeOf<GhmsRequestException>().With.Property("Status").EqualTo(CloseStatus.PolicyViolation));
    }

    [Test]
    public async Task Nobody_has_two_names_and_whoever_has_none_may_not_speak()
    {
        await using var eve = await ConnectAsync();
        await eve.RequestAsync<Welcome>(new Hello("eve"));
        Assert.That(async () => await eve.RequestAsync<Welcome>(new Hello("bob")), Throws.TypeOf<GhmsRequestException>());
        await using var nobody = await ConnectAsync();
        await nobody.SendAsync(new Say("hello"));
        await nobody.Connection.Completion.WaitAsync(Patience.Long);
        Assert.That(nobody.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
    }

    // The name is free a moment after others have been told.
    private async Task<ChatProcess> JoinAgainAsync(string name)
    {
        using var patience = new CancellationTokenSource(Patience.Long);
        while (true)
        {
            try
            {
                return await _server.JoinAsync(name);
            }
            catch (InvalidDataException) when (!patience.IsCancellationRequested)
            {
                // It is taken still.
            }
        }
    }

    private Task<GhmsClient> ConnectAsync() => new GhmsClientBuilder()
        .AddJson()
        .AddMessage<Hello>()
        .AddMessage<Welcome>()
        .AddMessage<Join>()
        .AddMessage<Say>()
        .AddMessage<Words>()
        .AddMessage<Presence>()
        .AddTopics()
        .AddRequests()
        .ConnectAsync(new Uri($"http://127.0.0.1:{_server.Port}/"));

    private sealed record Hello(string Name) : IMessage
    {
        public static uint MessageCode => 10;
    }

    private sealed record Welcome : IMessage
    {
        public static uint MessageCode => 11;
    }

    private sealed record Join(string Room) : IMessage
    {
        public static uint MessageCode => 12;
    }

    private sealed record Say(string Text) : IMessage
    {
        public static uint MessageCode => 13;
    }

    private sealed record Words(string Name, string Text, DateTimeOffset At) : IMessage
    {
        public static uint MessageCode => 14;
    }

    private sealed record Presence(bool IsHere) : IMessage
    {
        public static uint MessageCode => 15;
    }
}
