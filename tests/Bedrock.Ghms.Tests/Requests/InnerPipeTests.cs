using System.Collections.Concurrent;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>No message gets round a pipe by being inside a request or its answer.</summary>
internal sealed class InnerPipeTests : RequestFixture
{
    private readonly ConcurrentQueue<string> _steps = [];

    [Test]
    public async Task Requests_and_replies_meet_the_pipes_of_both_sides_wherever_AddRequests_stands()
    {
        var broker = Make(builder => builder
            .UsePipe(new Note("server", _steps))
            .Answer<Greeting, Farewell>((_, greeting, _) => new(new Farewell(greeting.Word))));
        await using var client = await ClientOfAsync(broker, builder => builder.UsePipe(new Note("client", _steps)));
        Assert.That(await client.RequestAsync<Farewell>(new Greeting("hello")).InTime(), Is.EqualTo(new Farewell("hello")));
        Assert.That(_steps, Is.EqualTo(new[]
        {
            "client sends Greeting", "server handles Greeting", "server sends Farewell", "client handles Farewell",
        }));
    }

    [Test]
    public async Task Items_meet_the_pipes_of_both_sides_and_keep_their_order_where_one_takes_its_time()
    {
        var broker = Make(builder => builder
            .UsePipe(new Note("server", _steps))
            .AnswerStream<Greeting, Greeting>((_, _, _) => Letters()));
        await using var client = await ClientOfAsync(broker, builder => builder.UsePipe(new Pipe
        {
            Handle = async (connection, message, next, ct) =>
            {
                await Task.Yield();
                await next(connection, new Greeting(((Greeting)message).Word + "!"), ct);
            },
        }));
        List<string> words = [];
        await foreach (var item in client.StreamAsync<Greeting>(new Greeting("hello")))
        {
            words.Add(item.Word);
        }

        Assert.That(words, Is.EqualTo(Enumerable.Range(0, 100).Select(i => $"{i}!")));
        Assert.That(_steps.Count(step => step == "server sends Greeting"), Is.EqualTo(100));
    }

    [TestCase(false, CloseStatus.PolicyViolation)]
    [TestCase(true, CloseStatus.HandlerFailed)]
    public async Task A_pipe_that_refuses_a_message_refuses_it_inside_a_request(bool throws, CloseStatus status)
    {
        ExpectsErrors = throws;
        var broker = Make(builder => builder
            .Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))
            .Answer<Farewell, Farewell>((_, farewell, _) => new(farewell))
            .UsePipe(new Pipe
            {
                Handle = (connection, message, next, ct) => message is not Greeting ? next(connection, message, ct)
                    : throws ? throw new InvalidOperationException() : ValueTask.CompletedTask,
            }));
        var (_, peer) = await JoinAsync(broker);
        await AskAsync(peer, 1);
        await ExpectFaultAsync(peer, 1, status);
        await AskAsync(peer, 1, 11);
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Reply));
    }

    [TestCase(false, CloseStatus.PolicyViolation)]
    [TestCase(true, CloseStatus.HandlerFailed)]
    public async Task A_sender_pipe_that_refuses_a_reply_leaves_a_Fault_in_its_place(bool throws, CloseStatus status)
    {
        ExpectsErrors = throws;
        var broker = Make(builder => builder
            .Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))
            .UsePipe(new Pipe { Send = (_, _, _, _) => throws ? throw new InvalidOperationException() : new ValueTask<int>(0) }));
        var (_, peer) = await JoinAsync(broker);
        await AskAsync(peer, 1);
        await ExpectFaultAsync(peer, 1, status);
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task A_pipe_that_hides_a_failure_leaves_a_Fault_all_the_same()
    {
        var broker = Make(builder => builder
            .Answer<Greeting, Greeting>((_, _, _) => throw new InvalidOperationException())
            .UsePipe(new Pipe
            {
                Handle = async (connection, message, next, ct) =>
                {
                    try
                    {
                        await next(connection, message, ct);
                    }
                    catch (InvalidOperationException)
                    {
                    }
                },
            }));
        var (_, peer) = await JoinAsync(broker);
        await AskAsync(peer, 1);
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Fault));
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task A_pipe_that_calls_next_again_gets_no_second_answer_out_and_one_that_keeps_it_none_at_all()
    {
        MessageHandler? kept = null;
        var broker = Make(builder => builder
            .Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))
            .Answer<Farewell, Farewell>((_, farewell, _) => new(farewell))
            .UsePipe(new Pipe
            {
                Handle = async (connection, message, next, ct) =>
                {
                    if (message is Farewell)
                    {
                        kept = next;
                        return;
                    }

                    await next(connection, message, ct);
                    await next(connection, message, ct);
                },
            }));
        var (connection, peer) = await JoinAsync(broker);
        await AskAsync(peer, 1);
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Reply));
        await ExpectQuietAsync(peer);
        await AskAsync(peer, 2, 11);
        await ExpectFaultAsync(peer, 2, CloseStatus.PolicyViolation);
        await AskAsync(peer, 3);
        await ReadAsync(peer);
        await kept!(connection, new Farewell("late"), default);
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task A_pipe_that_takes_a_question_or_its_answer_away_fails_it([Values] bool question)
    {
        var broker = Make(builder => builder.Answer<Greeting, Greeting>((_, greeting, _) => new(greeting)));
        await using var client = await ClientOfAsync(broker, builder => builder.UsePipe(question
            ? new Pipe { Send = (_, _, _, _) => new ValueTask<int>(0) }
            : new Pipe { Handle = (_, _, _, _) => ValueTask.CompletedTask }));
        Assert.That(
            async () => await client.RequestAsync<Greeting>(new Greeting("hello")).InTime(),
            Throws.TypeOf<GhmsRequestException>().With.Property("Status").EqualTo(CloseStatus.PolicyViolation));
        Assert.That(client.Connection.CountRequests(), Is.EqualTo(default(OpenRequests)));
    }

    [Test]
    public async Task A_pipe_s_failure_with_an_answer_reaches_the_asker_alone([Values] bool later)
    {
        var broker = Make(builder => builder.Answer<Greeting, Greeting>((_, greeting, _) => new(greeting)));
        await using var client = await ClientOfAsync(broker, builder => builder.UsePipe(new Pipe
        {
            Handle = async (_, _, _, _) =>
            {
                if (later)
                {
                    await Task.Yield();
                }

                throw new NotSupportedException();
            },
        }));
        Assert.That(async () => await client.RequestAsync<Greeting>(new Greeting("hello")).InTime(), Throws.TypeOf<NotSupportedException>());
        Assert.That(client.Connection.IsOpen, Is.True);
    }

    private static async IAsyncEnumerable<Greeting> Letters()
    {
        for (var i = 0; i < 100; i++)
        {
            await Task.Yield();
            yield return new Greeting($"{i}");
        }
    }

    private sealed class Note(string name, ConcurrentQueue<string> steps) : GhmsPipe
    {
        protected internal override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            steps.Enqueue($"{name} handles {message.GetType().Name}");
            return next(connection, message, cancellationToken);
        }

        protected internal override ValueTask<int> SendAsync(object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
        {
            steps.Enqueue($"{name} sends {message.GetType().Name}");
            return next(message, recipients, cancellationToken);
        }
    }

    private sealed class Pipe : GhmsPipe
    {
        public Func<GhmsConnection, object, MessageHandler, CancellationToken, ValueTask>? Handle { get; init; }

        public Func<object, Recipients, MessageSender, CancellationToken, ValueTask<int>>? Send { get; init; }

        protected internal override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken) =>
            Handle is null ? next(connection, message, cancellationToken) : Handle(connection, message, next, cancellationToken);

        protected internal override ValueTask<int> SendAsync(object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken) =>
            Send is null ? next(message, recipients, cancellationToken) : Send(message, recipients, next, cancellationToken);
    }
}
