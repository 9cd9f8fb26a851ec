using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>What answers a request, on the wire.</summary>
internal sealed class AnswerTests : RequestFixture
{
    [Test]
    public async Task A_request_gets_its_handler_s_reply_under_its_own_id([Values(0ul, 1ul, ulong.MaxValue)] ulong id)
    {
        var (_, peer) = await JoinAsync(Make(builder => builder.Answer<Greeting, Farewell>(async (_, greeting, _) =>
        {
            await Task.Yield();
            return new Farewell(greeting.Word + "!");
        })));
        await AskAsync(peer, id);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Reply, id, 11, """{"Word":"hello!"}""")));
    }

    [Test]
    public async Task The_bytes_of_a_request_and_its_reply()
    {
        var (_, peer) = await JoinAsync(Make(builder => builder.Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))));
        await peer.SendAsync("\u00FF\u00FF\u00FF\u0010\0\0\0\u0018\0\0\0\0\0\0\u0001\u0002\0\0\0\u000A{\"Word\":\"a\"}");
        var reply = await peer.ReadFrameAsync();
        Assert.That(reply?.Code, Is.EqualTo(Reply));
        Assert.That(reply?.Payload, Is.EqualTo("\0\0\0\0\0\0\u0001\u0002\0\0\0\u000A{\"Word\":\"a\"}"u8.ToArray()));
    }

    [Test]
    public async Task A_plain_message_goes_to_its_handler_and_a_request_to_its_answer()
    {
        var (_, peer) = await JoinAsync(Make(builder => builder
            .Handle<Greeting>(async (connection, greeting, ct) => await connection.SendAsync(greeting, ct))
            .Answer<Greeting, Farewell>((_, greeting, _) => new(new Farewell(greeting.Word)))));
        await peer.SendFrameAsync(10, Hello);
        await AskAsync(peer, 1);
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, Hello)));
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Reply, 1, 11, Hello)));
    }

    [Test]
    public async Task A_class_with_dependencies_may_answer()
    {
        var (_, peer) = await JoinAsync(Make(builder => builder.Answer<Greeting, Farewell, Politely>()));
        await AskAsync(peer, 1);
        Assert.That((await ReadAsync(peer)).Text, Is.EqualTo("""{"Word":"goodbye"}"""));
    }

    [TestCase(4711u, Hello, CloseStatus.UnknownMessageCode)]
    [TestCase(0u, "", CloseStatus.UnknownMessageCode)]
    [TestCase(1u, "", CloseStatus.UnknownMessageCode)]
    [TestCase(Request, Hello, CloseStatus.UnknownMessageCode)]
    [TestCase(11u, Hello, CloseStatus.UnknownMessageCode, TestName = "A type that nobody answers")]
    [TestCase(10u, "{", CloseStatus.InvalidPayload)]
    [TestCase(10u, "", CloseStatus.InvalidPayload)]
    public async Task A_request_that_nobody_can_answer_has_a_Fault_and_the_connection_stays(uint code, string payload, CloseStatus status)
    {
        var (_, peer) = await JoinAsync(Make(builder => builder.Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))));
        await AskAsync(peer, 1, code, payload);
        await ExpectFaultAsync(peer, 1, status);
        await AskAsync(peer, 1);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Reply, 1, 10, Hello)));
    }

    [Test]
    public async Task A_handler_s_failure_is_Fault_1011_at_once_or_later_with_its_text_only_if_asked_for([Values] bool later, [Values] bool show)
    {
        ExpectsErrors = true;
        var (_, peer) = await JoinAsync(Make(builder => builder
            .AddRequests(options => options.ShowErrors = show)
            .Answer<Greeting, Greeting>(async (_, _, _) =>
            {
                if (later)
                {
                    await Task.Yield();
                }

                throw new InvalidOperationException("secret");
            })));
        await AskAsync(peer, 1);
        var seen = await ReadAsync(peer);
        Assert.That((seen.Kind, seen.Number), Is.EqualTo((Fault, 1011u)));
        Assert.That(seen.Text, Is.EqualTo(show ? "secret" : "The request's handler failed."));
        await ExpectQuietAsync(peer);

        // The Fault may be there before the thread that sent it has written it down.
        Assert.That(() => Services.Log.Count(record => record.Event.Name == "AnswerFailed"), Is.EqualTo(1).After(10_000, 1));
    }

    [Test]
    public async Task A_handler_may_choose_its_status_and_text()
    {
        var (_, peer) = await JoinAsync(Make(builder => builder.Answer<Greeting, Greeting>(
            (_, _, _) => throw new GhmsProtocolException(CloseStatus.PolicyViolation, "Not yours."))));
        await AskAsync(peer, 1);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Fault, 1, 1008, "Not yours.")));
    }

    [Test]
    public async Task A_reply_that_is_null_or_of_no_registered_type_is_1011()
    {
        ExpectsErrors = true;
        var (_, peer) = await JoinAsync(Make(builder => builder
            .Answer<Greeting, Greeting>((_, _, _) => new((Greeting)null!))
            .Answer<Farewell, Uri>((_, _, _) => new(new Uri("http://x/")))));
        await AskAsync(peer, 1);
        await ExpectFaultAsync(peer, 1, CloseStatus.HandlerFailed);
        await AskAsync(peer, 2, 11);
        await ExpectFaultAsync(peer, 2, CloseStatus.HandlerFailed);
    }

    [Test]
    public async Task A_reply_too_big_for_the_asker_is_1009_in_its_place()
    {
        var (_, peer) = await JoinAsync(
            Make(builder => builder.Answer<Greeting, Greeting>((_, greeting, _) => new(new Greeting(new string('x', 100))))),
            fields: "GHMS-Max-Message-Size: 50\r\n");
        await AskAsync(peer, 1);
        await ExpectFaultAsync(peer, 1, CloseStatus.MessageTooBig);
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task A_Fault_too_big_for_the_asker_goes_without_its_text()
    {
        var (_, peer) = await JoinAsync(
            Make(builder => builder.Answer<Greeting, Greeting>((_, _, _) => throw new GhmsProtocolException(CloseStatus.PolicyViolation, "Not yours."))),
            fields: "GHMS-Max-Message-Size: 10\r\n");
        await AskAsync(peer, 1);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Fault, 1, 1008, "")));
    }

    [Test]
    public async Task One_more_than_MaxOpen_is_1013_until_a_handler_is_done()
    {
        var release = new TaskCompletionSource();
        var (connection, peer) = await JoinAsync(Make(builder => builder
            .AddRequests(options => options.MaxOpen = 2)
            .Answer<Greeting, Greeting>(async (_, greeting, _) =>
            {
                await release.Task;
                return greeting;
            })));
        await AskAsync(peer, 1);
        await AskAsync(peer, 2);
        await AskAsync(peer, 3);
        await ExpectFaultAsync(peer, 3, CloseStatus.TryAgainLater);
        Assert.That(connection.CountRequests(), Is.EqualTo(new OpenRequests(0, 2)));

        // A cancelled one whose handler goes on counts.
        await CancelAsync(peer, 1);
        await ExpectFaultAsync(peer, 1, CloseStatus.GoingAway);
        await AskAsync(peer, 4);
        await ExpectFaultAsync(peer, 4, CloseStatus.TryAgainLater);
        release.SetResult();
        Assert.That((await ReadAsync(peer)).Id, Is.EqualTo(2));
        await UntilAsync(() => connection.CountRequests().Answering == 0);
        await AskAsync(peer, 5);
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Reply));
    }

    [Test]
    public async Task The_id_of_an_open_request_is_1002_and_that_of_an_answered_one_is_free()
    {
        var (_, peer) = await JoinAsync(Make(builder => builder
            .Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))
            .Answer<Farewell, Farewell>((_, _, ct) => Never<Farewell>(ct))));
        await AskAsync(peer, 1);
        await ReadAsync(peer);
        await AskAsync(peer, 1, 11);
        await AskAsync(peer, 1);
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.ProtocolError));
    }

    [Test]
    public async Task A_malformed_message_is_1002(
        [Values(Request, Reply, Fault, Cancel, Item, Credit)] uint code, [Values(0, 7, 9, 11, 13)] int size)
    {
        var isRight = code switch { Cancel => size == 8, Credit => size == 12, Fault => size >= 10, _ => size >= 12 };
        var (_, peer) = await JoinAsync(Make(_ => { }));
        await peer.SendAsync(RawPeer.Frame(code, new byte[size]));
        if (isRight)
        {
            if (code == Request)
            {
                await ExpectFaultAsync(peer, 0, CloseStatus.UnknownMessageCode);
            }

            await ExpectQuietAsync(peer);
        }
        else
        {
            Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.ProtocolError));
        }
    }

    [Test]
    public async Task What_is_for_an_unknown_id_is_ignored()
    {
        var (_, peer) = await JoinAsync(Make(_ => { }));
        await CancelAsync(peer, 1);
        await CreditAsync(peer, 1, 1);
        await SendAsync(peer, Reply, 1, 10, Hello);
        await SendAsync(peer, Reply, 1, 4711, Hello);
        await SendAsync(peer, Item, 1, 10, "{");
        await SendFaultAsync(peer, 1, 1011, "x");
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task Cancel_fires_the_token_and_is_answered_with_1001_once([Values] bool obeys)
    {
        var fired = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var (connection, peer) = await JoinAsync(Make(builder => builder.Answer<Greeting, Greeting>(async (_, greeting, ct) =>
        {
            // For good: what the same token ends must not take it back before its turn.
            ct.Register(() => fired.SetResult());
            await (obeys ? Task.Delay(Timeout.Infinite, ct) : release.Task);
            return greeting;
        })));
        await AskAsync(peer, 1);
        await CancelAsync(peer, 1);
        await ExpectFaultAsync(peer, 1, CloseStatus.GoingAway);
        await fired.Task.InTime();
        release.SetResult();
        await UntilAsync(() => connection.CountRequests() == default);
        await CancelAsync(peer, 1);
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task Answers_at_once_and_later_ones_take_turns_and_each_is_its_own_request_s()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (connection, peer) = await JoinAsync(Make(builder => builder
            .Answer<Greeting, Greeting>((_, greeting, ct) => new(new Greeting(greeting.Word + (ct.IsCancellationRequested ? " cancelled" : ""))))
            .Answer<Farewell, Farewell>(async (_, farewell, ct) =>
            {
                await release.Task.WaitAsync(ct);
                return farewell;
            })));
        for (ulong id = 0; id < 30; id += 3)
        {
            await AskAsync(peer, id);
            Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Reply, id, 10, Hello)));
            await AskAsync(peer, id + 1, code: 11);
            await AskAsync(peer, id + 2, code: 11);
            await CancelAsync(peer, id + 1);
            await ExpectFaultAsync(peer, id + 1, CloseStatus.GoingAway);
        }

        release.SetResult();
        var late = new List<Seen>();
        for (var i = 0; i < 10; i++)
        {
            late.Add(await ReadAsync(peer));
        }

        Assert.That(late, Is.EquivalentTo(Enumerable.Range(0, 10).Select(i => new Seen(Reply, ((ulong)i * 3) + 2, 11, Hello))));
        await UntilAsync(() => connection.CountRequests() == default);
    }

    [Test]
    public async Task The_right_to_answer_may_be_used_before_the_handler_lets_go()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (connection, peer) = await JoinAsync(Make(builder => builder
            .UsePipe(new LingeringPipe(release.Task))
            .Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))));
        await AskAsync(peer, 1);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Reply, 1, 10, Hello)));
        await AskAsync(peer, 1);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Reply, 1, 10, Hello)), "Its id was free, though its handler was not done.");
        Assert.That(connection.CountRequests().Answering, Is.EqualTo(2));
        release.SetResult();
        await UntilAsync(() => connection.CountRequests() == default);
    }

    [Test]
    public async Task A_slow_answer_holds_up_neither_messages_nor_other_requests_nor_its_own_Cancel()
    {
        var (_, peer) = await JoinAsync(Make(builder => builder
            .Handle<Greeting>(async (connection, greeting, ct) => await connection.SendAsync(greeting, ct))
            .Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))
            .Answer<Farewell, Farewell>((_, _, ct) => Never<Farewell>(ct))));
        await AskAsync(peer, 1, 11);
        await peer.SendFrameAsync(10, Hello);
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(10));
        await AskAsync(peer, 2);
        Assert.That((await ReadAsync(peer)).Id, Is.EqualTo(2));
        await CancelAsync(peer, 1);
        await ExpectFaultAsync(peer, 1, CloseStatus.GoingAway);
    }

    [Test]
    public async Task A_request_waits_its_turn_behind_a_pending_handler()
    {
        var release = new TaskCompletionSource();
        var (_, peer) = await JoinAsync(Make(builder => builder
            .Handle<Farewell>(async (connection, farewell, ct) =>
            {
                await release.Task;
                await connection.SendAsync(farewell, ct);
            })
            .Answer<Greeting, Greeting>((_, greeting, _) =>
            {
                Assert.That(release.Task.IsCompleted);
                return new(greeting);
            })));
        await peer.SendFrameAsync(11, Hello);
        await AskAsync(peer, 1);
        release.SetResult();
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(11));
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Reply));
    }

    [Test]
    public async Task An_open_request_holds_up_nothing_behind_it()
    {
        var release = new TaskCompletionSource();
        var (_, peer) = await JoinAsync(Make(builder => builder
            .Handle<Farewell>((connection, farewell, ct) => connection.SendAsync(farewell, ct))
            .Answer<Greeting, Greeting>(async (_, greeting, _) =>
            {
                await release.Task;
                return greeting;
            })));
        await AskAsync(peer, 1);
        await peer.SendFrameAsync(11, Hello);
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(11));
        release.SetResult();
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Reply));
    }

    [Test]
    public async Task A_wrapper_counts_once()
    {
        var broker = Make(builder => builder.Answer<Greeting, Greeting>((_, greeting, _) => new(greeting)));
        var (_, peer) = await JoinAsync(broker);
        await AskAsync(peer, 1);
        await ReadAsync(peer);
        Assert.That(broker.GetStats(), Is.EqualTo(new BrokerStats(Sent: 1, Received: 1, Dropped: 0, Unhandled: 0)));
    }

    private static async ValueTask<T> Never<T>(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException();
    }

    private sealed class LingeringPipe(Task release) : GhmsPipe
    {
        protected internal override async ValueTask HandleAsync(
            GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            await next(connection, message, cancellationToken);
            await release;
        }
    }

    private sealed class Politely : IRequestHandler<Greeting, Farewell>
    {
        public ValueTask<Farewell> AnswerAsync(GhmsConnection connection, Greeting request, CancellationToken cancellationToken) =>
            new(new Farewell("goodbye"));
    }
}
