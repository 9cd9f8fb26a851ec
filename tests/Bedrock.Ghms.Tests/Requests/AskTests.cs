using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>What becomes of a question, with the peer's answers written byte by byte.</summary>
internal sealed class AskTests : RequestFixture
{
    [Test]
    public async Task A_question_is_one_frame_and_its_reply_completes_it()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        var asking = connection.RequestAsync<Farewell>(new Greeting("hello"));
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Request, 1, 10, Hello)));
        Assert.That(connection.CountRequests(), Is.EqualTo(new OpenRequests(1, 0)));
        await SendAsync(peer, Reply, 1, 11, Hello);
        Assert.That(await asking.InTime(), Is.EqualTo(new Farewell("hello")));
        Assert.That(connection.CountRequests(), Is.EqualTo(default(OpenRequests)));
    }

    [Test]
    public async Task Replies_may_come_in_any_order()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        var first = connection.RequestAsync<Greeting>(new Greeting("a"));
        var second = connection.RequestAsync<object>(new Greeting("b"));
        await SendAsync(peer, Reply, 2, 11, """{"Word":"2"}""");
        await SendAsync(peer, Reply, 1, 10, """{"Word":"1"}""");
        Assert.That(await first.InTime(), Is.EqualTo(new Greeting("1")));
        Assert.That(await second.InTime(), Is.EqualTo(new Farewell("2")));
    }

    [Test]
    public async Task A_Fault_is_an_exception_with_its_status_and_its_text_raw_and_escaped()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello"));
        await SendFaultAsync(peer, 1, 4711, "a\r\nb\u2028" + new string('x', 1_000));
        var error = (await Assert.ThrowsAsync<GhmsRequestException>(async () => await asking.InTime()))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Code, Is.EqualTo(GhmsError.RequestFailed));
            Assert.That(error.Status, Is.EqualTo((CloseStatus)4711));
            Assert.That(error.Text, Does.StartWith("a\r\nb\u2028xxx").And.Length.EqualTo(1_005));
            Assert.That(error.Message, Does.Contain(@"a\r\nb\u2028xxx").And.Length.LessThan(300));
        }
    }

    [TestCase(11u, Hello, CloseStatus.UnknownMessageCode, TestName = "A type that was not asked for")]
    [TestCase(4711u, Hello, CloseStatus.UnknownMessageCode, TestName = "An unknown code")]
    [TestCase(Request, Hello, CloseStatus.UnknownMessageCode, TestName = "A code of an extension")]
    [TestCase(10u, "{", CloseStatus.InvalidPayload, TestName = "A payload that cannot be decoded")]
    [TestCase(0u, "", CloseStatus.UnknownMessageCode, TestName = "The end of a stream")]
    public async Task A_reply_that_cannot_be_used_fails_its_question_alone(uint code, string payload, CloseStatus status)
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello"));
        var other = connection.RequestAsync<Greeting>(new Greeting("hello"));
        await SendAsync(peer, Reply, 1, code, payload);
        Assert.That(async () => await asking.InTime(), Throws.TypeOf<GhmsRequestException>().With.Property("Status").EqualTo(status));
        await SendAsync(peer, Reply, 2, 10, Hello);
        Assert.That(await other.InTime(), Is.EqualTo(new Greeting("hello")));
    }

    [Test]
    public async Task An_item_where_one_reply_was_asked_for_fails_the_question_and_cancels_it()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello"));
        await ReadAsync(peer);
        await SendAsync(peer, Item, 1, 10, Hello);
        Assert.That(async () => await asking.InTime(), Throws.TypeOf<GhmsRequestException>().With.Message.Contains("StreamAsync"));
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Cancel, 1, 0, "")));
    }

    [Test]
    public async Task The_caller_s_token_ends_the_wait_at_once_and_sends_one_Cancel()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        using var stop = new CancellationTokenSource();
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello"), stop.Token);
        await ReadAsync(peer);
        await stop.CancelAsync();
        var error = await Assert.CatchAsync<OperationCanceledException>(async () => await asking.InTime());
        Assert.That(error!.CancellationToken, Is.EqualTo(stop.Token));
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Cancel, 1, 0, "")));
        await SendAsync(peer, Reply, 1, 10, Hello);
        await SendFaultAsync(peer, 1, 1001, "");
        await ExpectQuietAsync(peer);
        Assert.That(connection.CountRequests(), Is.EqualTo(default(OpenRequests)));
    }

    [Test]
    public async Task A_token_that_has_fired_already_sends_nothing()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        Assert.That(async () => await connection.RequestAsync<Greeting>(new Greeting(""), new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task The_time_out_ends_the_wait_no_earlier_and_sends_Cancel()
    {
        var (connection, peer) = await JoinAsync(Make(builder => builder.AddRequests(options => options.Timeout = TimeSpan.FromSeconds(5))));
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello")).AsTask();
        await ReadAsync(peer);
        Time.Advance(TimeSpan.FromSeconds(4.9));
        await ExpectQuietAsync(peer);
        Assert.That(asking.IsCompleted, Is.False);
        Time.Advance(TimeSpan.FromSeconds(0.6));
        Assert.That(async () => await asking.InTime(), Throws.TypeOf<TimeoutException>());
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Cancel, 1, 0, "")));

        // The clock has stopped meanwhile, and starts again with the next question.
        var next = connection.RequestAsync<Greeting>(new Greeting("hello")).AsTask();
        await ReadAsync(peer);
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.That(next.IsCompleted, Is.False);
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.That(async () => await next.InTime(), Throws.TypeOf<TimeoutException>());
    }

    [Test]
    public async Task Without_a_time_out_nothing_ends_the_wait_but_an_answer()
    {
        var (connection, peer) = await JoinAsync(Make(builder => builder
            .Configure(options => options.Timeout = TimeSpan.FromHours(1))
            .AddRequests(options => options.Timeout = Timeout.InfiniteTimeSpan)));
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello"));
        await ReadAsync(peer);
        Time.Advance(TimeSpan.FromMinutes(30));
        await SendAsync(peer, Reply, 1, 10, Hello);
        Assert.That(await asking.InTime(), Is.EqualTo(new Greeting("hello")));
    }

    [Test]
    public async Task A_message_that_cannot_be_sent_fails_and_leaves_nothing_open()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }), fields: "GHMS-Max-Message-Size: 50\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await connection.RequestAsync<Greeting>(new Greeting(new string('x', 50))), Throws.TypeOf<GhmsMessageTooLargeException>());
            Assert.That(async () => await connection.RequestAsync<Greeting>(new Uri("http://x/")), Throws.TypeOf<GhmsInvalidMessageCodeException>());
        }

        Assert.That(connection.CountRequests(), Is.EqualTo(default(OpenRequests)));
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task Without_AddRequests_the_error_says_so()
    {
        var broker = BuildJoined(builder => builder.AddJson().AddMessage<Greeting>());
        var (connection, _) = await JoinAsync(broker);
        Assert.That(async () => await connection.RequestAsync<Greeting>(new Greeting("")), Throws.InvalidOperationException.With.Message.Contains("AddRequests"));
        Assert.That(() => connection.StreamAsync<Greeting>(new Greeting("")), Throws.InvalidOperationException.With.Message.Contains("AddRequests"));
    }

    [Test]
    public void Settings_that_break_a_rule_are_all_named() => Assert.That(
        () => Make(builder => builder.AddRequests(options => (options.MaxOpen, options.Timeout) = (0, TimeSpan.Zero))),
        Throws.TypeOf<GhmsInvalidConfigException>().With.Property("Failures").Count.EqualTo(2));

    [Test]
    public void An_answer_for_a_type_that_can_never_arrive_is_refused() => Assert.That(
        () => Make(builder => builder.Answer<Uri, Greeting>((_, _, _) => new(new Greeting("")))),
        Throws.TypeOf<GhmsInvalidConfigException>().With.Message.Contains("System.Uri"));
}
