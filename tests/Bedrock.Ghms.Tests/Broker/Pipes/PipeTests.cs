using System.Collections.Concurrent;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Patterns;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Pipes;

internal sealed class PipeTests : JoinFixture
{
    private const string Hello = """{"Word":"hello"}""";

    private readonly ConcurrentQueue<string> _steps = [];
    private GhmsConnection[] _fixed = [];

    [Test]
    public async Task Received_messages_go_first_to_last_and_sent_ones_last_to_first()
    {
        var broker = Make(builder => builder
            .UsePipe(new Trace("A", _steps)).UsePipe(new Trace("B", _steps)).UsePipe(new Trace("C", _steps))
            .Handle<Greeting>(async (connection, greeting, ct) =>
            {
                _steps.Enqueue("handler");
                await connection.Broker.SendAsync(greeting, ct);
            }));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
        Assert.That(_steps, Is.EqualTo(new[] { "A handles", "B handles", "C handles", "handler", "C sends", "B sends", "A sends" }));
    }

    [Test]
    public async Task A_connection_s_own_send_goes_past_all_pipes()
    {
        var broker = Make(builder => builder.UsePipe(new Trace("A", _steps)));
        var (connection, peer) = await JoinAsync(broker);
        await connection.SendAsync(new Greeting("hello"));
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
        Assert.That(_steps, Is.Empty);
    }

    [Test]
    public async Task A_pipe_may_change_messages_both_ways()
    {
        var broker = Make(builder => builder
            .UsePipe(new Steps
            {
                Handle = (connection, message, next, ct) => next(connection, new Greeting(((Greeting)message).Word + " in"), ct),
                Send = (message, recipients, next, ct) => next(new Greeting(((Greeting)message).Word + " out"), recipients, ct),
            })
            .Handle<Greeting>(async (connection, greeting, ct) => await connection.Broker.SendAsync(greeting, ct)));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"hello in out"}"""));
    }

    [Test]
    public async Task A_pipe_sees_which_connection_a_message_is_for_where_it_is_for_one()
    {
        List<GhmsConnection?> seen = [];
        var broker = Make(builder => builder.UsePipe(new Steps
        {
            Send = (message, recipients, next, ct) =>
            {
                seen.Add(recipients.Connection);
                return next(message, recipients, ct);
            },
        }));
        var (connection, _) = await JoinAsync(broker);
        await broker.SendAsync(new Greeting("one"), Recipients.Of(connection));
        await broker.SendAsync(new Greeting("one"), Recipients.Exactly(connection));
        await broker.SendAsync(new Greeting("set"), [connection]);
        await broker.SendAsync(new Greeting("all"));
        Assert.That(seen, Is.EqualTo(new[] { connection, connection, null, null }));
    }

    [Test]
    public async Task A_pipe_may_swallow_messages_both_ways()
    {
        var broker = Make(builder => builder
            .UsePipe(new Steps
            {
                Handle = (connection, message, next, ct) => message is Greeting ? ValueTask.CompletedTask : next(connection, message, ct),
                Send = (message, recipients, next, ct) => message is Greeting ? new ValueTask<int>(0) : next(message, recipients, ct),
            })
            .HandleOthers(async (connection, message, ct) =>
            {
                _steps.Enqueue($"handler {message.GetType().Name}");
                await connection.Broker.SendAsync(message, ct);
            }));
        var (_, peer) = await JoinAsync(broker);
        Assert.That(await broker.SendAsync(new Greeting("swallowed")), Is.Zero);
        await peer.SendFrameAsync(10, Hello);
        await peer.SendFrameAsync(11, Hello);
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(11));
        Assert.That(_steps, Is.EqualTo(new[] { "handler Farewell" }));
    }

    [Test]
    public async Task A_pipe_may_answer_and_add_messages_and_sees_the_connection()
    {
        var adding = new Steps
        {
            Handle = async (connection, message, next, ct) =>
            {
                await connection.SendAsync(new Farewell(connection.Path), ct);
                await next(connection, message, ct);
                await next(connection, message, ct);
            },
            Send = async (message, recipients, next, ct) => await next(message, recipients, ct) + await next(new Farewell("added"), recipients, ct),
        };
        var broker = Make(builder => builder.UsePipe(adding).Handle<Greeting>((_, _, _) =>
        {
            _steps.Enqueue("handler");
            return ValueTask.CompletedTask;
        }));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"/"}"""));
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(2));
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(10));
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"added"}"""));
        Assert.That(_steps, Is.EqualTo(new[] { "handler", "handler" }));
    }

    [Test]
    public async Task A_pipe_tells_all_from_some_from_nobody_and_may_leave_nobody()
    {
        var seen = new List<Recipients>();
        var broker = Make(builder => builder.UsePipe(new Steps
        {
            Send = (message, recipients, next, ct) =>
            {
                seen.Add(recipients);
                return next(message, message is Farewell ? Recipients.Of([]) : recipients, ct);
            },
        }));
        var (connection, _) = await JoinAsync(broker);
        Assert.That(await broker.SendAsync(new Greeting("")), Is.EqualTo(1));
        Assert.That(await broker.SendAsync(new Greeting(""), [connection]), Is.EqualTo(1));
        Assert.That(await broker.SendAsync(new Greeting(""), []), Is.Zero);
        Assert.That(await broker.SendAsync(new Farewell("")), Is.Zero, "the pipe left nobody");
        Assert.That(seen.Select(recipients => recipients.IsAll), Is.EqualTo(new[] { true, false, false, true }));
        Assert.That(seen.Select(recipients => recipients.IsExact), Is.All.False);
    }

    [Test]
    public async Task A_pipe_that_fixes_the_recipients_is_not_overruled_by_the_pattern()
    {
        var broker = Make(builder => builder
            .UsePattern(new RoundRobinPattern())
            .UsePipe(new Steps { Send = (message, _, next, ct) => next(message, Recipients.Exactly(_fixed), ct) }));
        var joined = await JoinManyAsync(broker, 3);
        _fixed = [joined[0].Connection, joined[2].Connection];
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(2));
        Assert.That(joined.Select(one => one.Connection.SentMessages), Is.EqualTo(new long[] { 1, 0, 1 }));
    }

    [Test]
    public async Task A_failing_sender_pipe_reaches_the_sender()
    {
        var broker = Make(builder => builder.UsePipe(new Steps { Send = (_, _, _, _) => throw new NotSupportedException("by the pipe") }));
        var (connection, _) = await JoinAsync(broker);
        Assert.That(async () => await broker.SendAsync(new Greeting("hello")), Throws.TypeOf<NotSupportedException>().With.Message.EqualTo("by the pipe"));
        Assert.That(connection.IsOpen, Is.True);
    }

    [Test]
    public async Task One_instance_may_stand_twice()
    {
        var trace = new Trace("A", _steps);
        var broker = Make(builder => builder.UsePipe(trace).UsePipe(new Trace("B", _steps)).UsePipe(trace)
            .Handle<Greeting>(async (connection, greeting, ct) => await connection.Broker.SendAsync(greeting, ct)));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        await peer.ReadTextAsync();
        Assert.That(_steps, Is.EqualTo(new[] { "A handles", "B handles", "A handles", "A sends", "B sends", "A sends" }));
        Assert.That(trace.Places, Has.Count.EqualTo(2).And.Unique, "a context for each place");
    }

    [Test]
    public async Task Pipes_come_as_instances_types_and_factories()
    {
        var builder = new GhmsTestBuilder().AddJson().AddMessage<Greeting>()
            .UsePipe(new Trace("instance", _steps))
            .UsePipe<Injected>()
            .UsePipe(services => new Trace($"factory {services.GetType().Name}", _steps));
        var broker = Own(builder.Build(new WithQueue(Services, _steps)));
        var peer = await ConnectAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        await peer.FinishAsync();
        Assert.That(await peer.ReadFrameAsync(), Is.Null);
        Assert.That(_steps, Is.EqualTo(new[] { "instance handles", "injected handles", "factory WithQueue handles" }));
    }

    [Test]
    public async Task A_pipe_registers_its_messages_and_claims_extension_codes()
    {
        var broker = Make(builder => builder
            .UsePipe(new Steps
            {
                Begin = context => context.AddMessage(MessageRegistration.Create<string>(0xFFFF_FF90, kind: MessageKind.Extension)),
                Handle = async (connection, message, next, ct) => await connection.SendAsync(message is string text ? text + "!" : message, ct),
            }));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(0xFFFF_FF90, "\"hi\"");
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((0xFFFF_FF90u, "\"hi!\"")));
    }

    [Test]
    public void Two_pipes_cannot_claim_one_code() => Assert.That(
        () => Make(builder => builder
            .UsePipe(new Steps { Begin = context => context.AddMessage(MessageRegistration.Create<string>(0xFFFF_FF90, kind: MessageKind.Extension)) })
            .UsePipe(new Steps { Begin = context => context.AddMessage(MessageRegistration.Create<Uri>(0xFFFF_FF90, kind: MessageKind.Extension)) })),
        Throws.TypeOf<GhmsDuplicateMessageCodeException>().With.Message.Contains("String").And.Message.Contains("Uri"));

    [Test]
    public void A_context_is_complete_once_the_broker_has_started_and_takes_no_more_messages()
    {
        PipeContext context = null!;
        var pipe = new Steps
        {
            Begin = given =>
            {
                context = given;
                Assert.That(() => given.Broker, Throws.InvalidOperationException);
                Assert.That(() => given.SendAsync(""), Throws.InvalidOperationException);
                Assert.That(given.Options.MaxConnections, Is.EqualTo(7));
            },
        };
        var broker = Make(builder => builder.Configure(options => options.MaxConnections = 7).UsePipe(pipe));
        Assert.That(context.Broker, Is.SameAs(broker));
        Assert.That(() => context.AddMessage(MessageRegistration.Create<string>(30)), Throws.InvalidOperationException);
    }

    [Test]
    public async Task A_pipe_sends_one_message_to_exactly_a_set_with_one_encode_per_encoding_and_no_pattern()
    {
        var (json, messagePack) = (new CountingEncoding(new JsonMessageEncoding()), new CountingEncoding(new MessagePackMessageEncoding()));
        PipeContext context = null!;
        var broker = BuildJoined(builder => builder.AddEncoding(json).AddEncoding(messagePack).AddMessage<Greeting>()
            .UsePattern(new RoundRobinPattern())
            .UsePipe(new Trace("wire side", _steps))
            .UsePipe(new Steps
            {
                Begin = given => context = given,
                Send = (_, _, _, _) => throw new InvalidOperationException("A pipe's own sends do not pass it."),
            }));
        var connections = new List<GhmsConnection>();
        for (var i = 0; i < 6; i++)
        {
            connections.Add((await JoinAsync(broker, i % 2 == 0 ? MediaTypes.Json : MediaTypes.MessagePack)).Connection);
        }

        Assert.That(await context.SendAsync(new Greeting("hello"), Recipients.Exactly(connections[..4])), Is.EqualTo(4));
        Assert.That((json.Encoded, messagePack.Encoded), Is.EqualTo((1, 1)));
        Assert.That(_steps, Is.EqualTo(new[] { "wire side sends" }));
        Assert.That(await context.SendAsync(new Greeting("hello")), Is.EqualTo(1), "everyone is for the pattern");
    }

    [Test]
    public async Task A_pipe_sends_a_raw_payload_to_exactly_a_set_and_keeps_it_beyond_the_call()
    {
        var kept = new TaskCompletionSource<RawMessage>();
        PipeContext context = null!;
        var broker = Make(builder => builder
            .UsePattern(new RoundRobinPattern())
            .UsePipe(new Steps
            {
                Begin = given => context = given,
                Handle = (_, message, _, _) =>
                {
                    ((RawMessage)message).Retain();
                    kept.SetResult((RawMessage)message);
                    return ValueTask.CompletedTask;
                },
            })
            .HandleRaw((_, _, _) => ValueTask.CompletedTask));
        var joined = await JoinManyAsync(broker, 3);
        await joined[0].Peer.SendFrameAsync(99, "payload");
        using var message = await kept.Task.InTime();
        Assert.That(await context.SendAsync(message, Recipients.Exactly([joined[1].Connection, joined[2].Connection])), Is.EqualTo(2));
        Assert.That(await joined[1].Peer.ReadTextAsync(), Is.EqualTo((99u, "payload")));
        Assert.That(await joined[2].Peer.ReadTextAsync(), Is.EqualTo((99u, "payload")));
    }

    [Test]
    public async Task A_pipe_is_told_of_connections_that_come_and_go()
    {
        var broker = Make(builder => builder.UsePipe(new Presence("A", _steps)).UsePipe(new Presence("B", _steps))
            .Handle<Greeting>((_, _, _) =>
            {
                _steps.Enqueue("handler");
                return ValueTask.CompletedTask;
            }));
        var joined = await JoinAsync(broker);
        await joined.Peer.SendFrameAsync(10, Hello);
        await joined.LeaveAsync();
        Assert.That(_steps, Is.EqualTo(new[] { "A connected", "B connected", "handler", "A disconnected", "B disconnected" }));
    }

    private GhmsBroker Make(Action<GhmsTestBuilder> configure) => BuildJoined(builder =>
    {
        builder.AddJson().AddMessage<Greeting>().AddMessage<Farewell>();
        configure(builder);
    });

    /// <summary>Notes every step and passes everything on.</summary>
    private sealed class Trace(string name, ConcurrentQueue<string> steps) : GhmsPipe
    {
        public List<PipeContext> Places { get; } = [];

        protected internal override void Start(PipeContext context) => Places.Add(context);

        protected internal override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            steps.Enqueue($"{name} handles");
            return base.HandleAsync(connection, message, next, cancellationToken);
        }

        protected internal override ValueTask<int> SendAsync(object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
        {
            steps.Enqueue($"{name} sends");
            return base.SendAsync(message, recipients, next, cancellationToken);
        }
    }

    /// <summary>Notes who comes and goes.</summary>
    private sealed class Presence(string name, ConcurrentQueue<string> steps) : GhmsPipe
    {
        protected internal override void OnConnected(GhmsConnection connection) => steps.Enqueue($"{name} connected");

        protected internal override void OnDisconnected(GhmsConnection connection) => steps.Enqueue($"{name} disconnected");
    }

    /// <summary>A pipe of delegates.</summary>
    private sealed class Steps : GhmsPipe
    {
        public Action<PipeContext>? Begin { get; init; }

        public Func<GhmsConnection, object, MessageHandler, CancellationToken, ValueTask>? Handle { get; init; }

        public Func<object, Recipients, MessageSender, CancellationToken, ValueTask<int>>? Send { get; init; }

        protected internal override void Start(PipeContext context) => Begin?.Invoke(context);

        protected internal override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken) =>
            Handle is null ? base.HandleAsync(connection, message, next, cancellationToken) : Handle(connection, message, next, cancellationToken);

        protected internal override ValueTask<int> SendAsync(object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken) =>
            Send is null ? base.SendAsync(message, recipients, next, cancellationToken) : Send(message, recipients, next, cancellationToken);
    }

    private sealed class Injected(ConcurrentQueue<string> steps) : GhmsPipe
    {
        protected internal override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            steps.Enqueue("injected handles");
            return next(connection, message, cancellationToken);
        }
    }

    private sealed class WithQueue(IServiceProvider inner, ConcurrentQueue<string> steps) : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(ConcurrentQueue<string>) ? steps : inner.GetService(serviceType);
    }
}
