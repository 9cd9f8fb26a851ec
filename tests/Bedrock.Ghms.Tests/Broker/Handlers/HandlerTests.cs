using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Tests.Broker.Handlers;

internal sealed class HandlerTests : JoinFixture
{
    private const string Hello = """{"Word":"hello"}""";

    [Test]
    public async Task Each_type_goes_to_its_own_handler_and_the_others_to_the_default()
    {
        var broker = Make(builder => builder
            .Handle<Greeting>((connection, greeting, ct) => AnswerAsync(connection, $"typed {greeting.Word}", ct))
            .HandleOthers((connection, message, ct) => AnswerAsync(connection, $"other {message.GetType().Name}", ct)));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        await peer.SendFrameAsync(11, Hello);
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"typed hello"}"""));
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"other Farewell"}"""));
    }

    [Test]
    public async Task A_later_handler_of_one_type_takes_the_place_of_the_earlier()
    {
        var broker = Make(builder => builder
            .Handle<Greeting>((_, _, _) => throw new InvalidOperationException("replaced"))
            .Handle<Greeting>((connection, _, ct) => AnswerAsync(connection, "second", ct)));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"second"}"""));
    }

    [Test]
    public async Task A_handler_may_return_what_its_send_returned()
    {
        var broker = Make(builder => builder.Handle<Greeting>((connection, greeting, ct) => connection.SendAsync(greeting, ct)));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo(Hello));
    }

    [Test]
    public async Task A_send_that_such_a_handler_returns_and_that_fails_later_ends_the_connection()
    {
        ExpectsErrors = true;
        var sending = new TaskCompletionSource<int>();
        var broker = Make(builder => builder.Handle<Greeting>((_, _, _) => new ValueTask<int>(sending.Task)));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        sending.SetException(new InvalidOperationException("no such luck"));
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.HandlerFailed));
    }

    [Test]
    public async Task Handlers_may_be_classes_with_dependencies()
    {
        var builder = new GhmsTestBuilder().AddJson().AddMessage<Greeting>().AddMessage<Farewell>()
            .Handle<Greeting, PrefixGreeting>().HandleOthers<PrefixOthers>();
        var broker = Own(builder.Build(new WithPrefix(Services)));
        var peer = await ConnectAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        await peer.SendFrameAsync(11, Hello);
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"injected hello"}"""));
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"injected Farewell"}"""));
    }

    [Test]
    public async Task A_registered_type_without_a_handler_is_counted_and_logged_once_per_type()
    {
        var broker = Make(builder => builder.AddMessage<string>(12).Handle<string>((connection, _, ct) => AnswerAsync(connection, "done", ct)));
        var (_, peer) = await JoinAsync(broker);
        for (var i = 0; i < 3; i++)
        {
            await peer.SendFrameAsync(10, Hello);
            await peer.SendFrameAsync(11, Hello);
        }

        await peer.SendFrameAsync(12, "\"x\"");
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"done"}"""), "the connection stays");
        Assert.That(broker.GetStats(), Is.EqualTo(new BrokerStats(Sent: 1, Received: 7, Dropped: 0, Unhandled: 6)));
        var warnings = Services.Log.Where(record => record.Level == LogLevel.Warning).Select(record => record.Text).ToArray();
        Assert.That(warnings, Has.Length.EqualTo(2).And.One.Contains(nameof(Greeting)).And.One.Contains(nameof(Farewell)));
    }

    [Test]
    public void A_handler_of_a_type_that_is_not_registered_does_not_start() => Assert.That(
        () => Make(builder => builder.Handle<string>((_, _, _) => ValueTask.CompletedTask)),
        Throws.TypeOf<GhmsInvalidConfigException>().With.Message.Contains("String").And.Message.Contains("AddMessage"));

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_handler_that_fails_ends_its_own_connection_with_1011_and_no_other(bool atOnce)
    {
        ExpectsErrors = true;
        var failure = new InvalidOperationException("secret");
        var broker = Make(builder => builder
            .Handle<Greeting>(async (_, _, _) =>
            {
                if (!atOnce)
                {
                    await Task.Yield();
                }

                throw failure;
            })
            .Handle<Farewell>((connection, _, ct) => AnswerAsync(connection, "still here", ct)));
        var (failing, other) = (await JoinAsync(broker), await JoinAsync(broker));
        await failing.Peer.SendFrameAsync(10, Hello);
        var close = await failing.Peer.ReadCloseAsync();
        await failing.Connection.Completion.InTime();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(close.Status, Is.EqualTo(CloseStatus.HandlerFailed));
            Assert.That(close.Reason, Does.Not.Contain("secret"));
            Assert.That(failing.Connection.End, Is.EqualTo(new ConnectionEnd(ConnectionEndCause.ClosedHere, CloseStatus.HandlerFailed, close.Reason, failure)));
            Assert.That(Services.Log.Count(record => record.Level == LogLevel.Error && record.Exception == failure), Is.EqualTo(1));
        }

        await other.Peer.SendFrameAsync(11, Hello);
        Assert.That((await other.Peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"still here"}"""));
    }

    [Test]
    public async Task A_handler_s_token_is_the_connection_s()
    {
        var tokens = new TaskCompletionSource<CancellationToken>();
        var broker = Make(builder => builder.Handle<Greeting>((_, _, ct) =>
        {
            tokens.SetResult(ct);
            return ValueTask.CompletedTask;
        }));
        var (connection, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        Assert.That(await tokens.Task.InTime(), Is.EqualTo(connection.Closed));
    }

    private static async ValueTask AnswerAsync(GhmsConnection connection, string word, CancellationToken ct) =>
        await connection.SendAsync(new Greeting(word), ct);

    private GhmsBroker Make(Action<GhmsTestBuilder> configure) => BuildJoined(builder =>
    {
        builder.AddJson().AddMessage<Greeting>().AddMessage<Farewell>();
        configure(builder);
    });

    private sealed record Prefix(string Text);

    private sealed class WithPrefix(IServiceProvider inner) : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(Prefix) ? new Prefix("injected") : inner.GetService(serviceType);
    }

    private sealed class PrefixGreeting(Prefix prefix) : IMessageHandler<Greeting>
    {
        public ValueTask HandleAsync(GhmsConnection connection, Greeting message, CancellationToken cancellationToken) =>
            AnswerAsync(connection, $"{prefix.Text} {message.Word}", cancellationToken);
    }

    private sealed class PrefixOthers(Prefix prefix) : IMessageHandler
    {
        public ValueTask HandleAsync(GhmsConnection connection, object message, CancellationToken cancellationToken) =>
            AnswerAsync(connection, $"{prefix.Text} {message.GetType().Name}", cancellationToken);
    }
}
