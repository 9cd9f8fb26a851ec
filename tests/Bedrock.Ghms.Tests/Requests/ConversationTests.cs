using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>Two brokers that ask each other.</summary>
internal sealed class ConversationTests : RequestFixture
{
    [Test]
    public async Task A_server_asks_its_client_as_well()
    {
        var broker = Make(builder => builder.Answer<Greeting, Farewell>(async (connection, greeting, ct) =>
            new Farewell((await connection.RequestAsync<Greeting>(greeting, ct)).Word + " back")));
        await using var client = await ClientOfAsync(broker, builder => builder.Answer<Greeting, Greeting>((_, greeting, _) => new(new Greeting(greeting.Word + " there"))));
        Assert.That(await client.RequestAsync<Farewell>(new Greeting("hello")).InTime(), Is.EqualTo(new Farewell("hello there back")));
    }

    [Test]
    public async Task A_plain_handler_may_wait_for_a_reply_of_its_own_peer()
    {
        var reply = new TaskCompletionSource<Farewell>(TaskCreationOptions.RunContinuationsAsynchronously);
        var broker = Make(builder => builder
            .Handle<Greeting>(async (connection, _, ct) => reply.SetResult(await connection.RequestAsync<Farewell>(new Farewell("from the server"), ct))));
        await using var client = await ClientOfAsync(broker, builder => builder.Answer<Farewell, Farewell>((_, farewell, _) => new(farewell)));
        await client.SendAsync(new Greeting("hello"));
        Assert.That(await reply.Task.InTime(), Is.EqualTo(new Farewell("from the server")));
    }

    [Test]
    public async Task Answers_that_ask_each_other_both_get_theirs()
    {
        var broker = Make(builder => builder.Answer<Greeting, Farewell>(async (connection, greeting, ct) =>
            greeting.Word.Length > 3
                ? new Farewell(greeting.Word)
                : await connection.RequestAsync<Farewell>(new Greeting(greeting.Word + "."), ct)));
        await using var client = await ClientOfAsync(broker, builder => builder.Answer<Greeting, Farewell>((connection, greeting, ct) =>
            connection.RequestAsync<Farewell>(new Greeting(greeting.Word + "!"), ct)));
        Assert.That(await client.RequestAsync<Farewell>(new Greeting("a")).InTime(), Is.EqualTo(new Farewell("a.!.!")));
    }

    [Test]
    public async Task Leaving_a_loop_early_stops_the_producer()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var broker = Make(builder => builder.AnswerStream<Greeting, Greeting>((_, greeting, ct) => Endless(greeting, stopped, ct)));
        await using var client = await ClientOfAsync(broker);
        var count = 0;
        await foreach (var _ in client.StreamAsync<Greeting>(new Greeting("hello")))
        {
            if (++count == 1_000)
            {
                break;
            }
        }

        await stopped.Task.InTime();
        await UntilAsync(() => broker.Connections[0].CountRequests() == default && client.Connection.CountRequests() == default);
    }

    [Test]
    public async Task A_thousand_requests_with_random_cancellation_leave_nothing_open()
    {
        var broker = Make(builder => builder.Answer<Greeting, Greeting>(async (_, greeting, ct) =>
        {
            for (var i = greeting.Word.Length; i > 0; i--)
            {
                await Task.Yield();
                ct.ThrowIfCancellationRequested();
            }

            return greeting;
        }));
        await using var client = await ClientOfAsync(broker);
        var random = new Random(4711);
        var (answered, cancelled) = (0, 0);
        for (var round = 0; round < 3; round++)
        {
            var asking = Enumerable.Range(0, 1_000).Select(i => AskAsync(new string('x', random.Next(20)), random.Next(40))).ToArray();
            await Task.WhenAll(asking).InTime();
            await UntilAsync(() => client.Connection.CountRequests() == default && broker.Connections[0].CountRequests() == default);
        }

        Assert.That(answered + cancelled, Is.EqualTo(3_000));
        Assert.That(answered, Is.Positive);
        Assert.That(await client.RequestAsync<Greeting>(new Greeting("last")).InTime(), Is.EqualTo(new Greeting("last")));

        async Task AskAsync(string word, int patience)
        {
            await Task.Yield();
            using var stop = new CancellationTokenSource();
            var asking = client.RequestAsync<Greeting>(new Greeting(word), stop.Token);
            for (var i = 0; i < patience && !asking.IsCompleted; i++)
            {
                await Task.Yield();
            }

            await stop.CancelAsync();
            try
            {
                Assert.That(await asking, Is.EqualTo(new Greeting(word)));
                Interlocked.Increment(ref answered);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref cancelled);
            }
        }
    }

    [Test]
    public async Task A_Fault_of_the_other_side_is_its_status_and_text()
    {
        var broker = Make(builder => builder.Answer<Greeting, Greeting>((_, _, _) => throw new GhmsProtocolException(CloseStatus.TryAgainLater, "Later.")));
        await using var client = await ClientOfAsync(broker);
        Assert.That(
            async () => await client.RequestAsync<Greeting>(new Greeting("hello")).InTime(),
            Throws.TypeOf<GhmsRequestException>().With.Property("Status").EqualTo(CloseStatus.TryAgainLater).And.Property("Text").EqualTo("Later."));
    }

    private static async IAsyncEnumerable<Greeting> Endless(
        Greeting greeting, TaskCompletionSource stopped, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return greeting;
                await Task.Yield();
            }
        }
        finally
        {
            stopped.SetResult();
        }
    }
}
