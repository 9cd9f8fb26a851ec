using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Client.Reconnecting;

/// <summary>How long one attempt may take, wherever it hangs.</summary>
internal sealed class AttemptTests : ReconnectFixture
{
    [Test]
    public async Task Each_attempt_has_a_time_limit([Values("transport", "deaf transport", "upgrade", "middleware", "provider", "deaf provider")] string where)
    {
        var hangs = new TaskCompletionSource<ConnectionContext>();
        var isUp = false;
        var server = BuildServer();
        Network.Set(80, async token => (where, isUp) switch
        {
            ("transport", false) => await Hang(token),
            ("deaf transport", false) => await hangs.Task,
            ("upgrade", false) => InMemoryConnection.CreatePair().Client,
            _ => new InMemoryServer(server).Connect(),
        });
        var client = BuildClient(options => options.AttemptTimeout = TimeSpan.FromSeconds(3), builder =>
        {
            if (where == "middleware")
            {
                builder.UseConnection(connection => connection.Use(next => async context => await (isUp ? next(context) : Hang(context.ConnectionClosed))));
            }
            else if (where.EndsWith("provider", StringComparison.Ordinal))
            {
                builder.UseHeaders(async (_, token) => await (isUp ? Task.CompletedTask : Hang(where == "provider" ? token : default)));
            }
        });
        var connecting = client.ConnectAsync();
        if (!where.EndsWith("provider", StringComparison.Ordinal))
        {
            await Network.NextAttemptAsync();
        }

        isUp = true;
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.That((await UntilAsync(GhmsClientState.Waiting)).Cause, Is.TypeOf<TimeoutException>().With.Message.Contains("localhost:80").And.Message.Contains("00:00:03"));
        Time.Advance(Ms(100));
        await connecting.InTime();

        // What a deaf transport makes in the end is nobody's.
        var late = InMemoryConnection.CreatePair();
        hangs.SetResult(late.Client);
        if (where == "deaf transport")
        {
            Assert.That((await late.Server.Transport.Input.ReadAsync().InTime()).IsCompleted, Is.True);
        }
    }

    [Test]
    public async Task A_pipe_may_restore_what_the_server_knew_before_the_client_sends()
    {
        var order = new List<string>();
        var noted = 0;
        Network.Up(BuildServer(server => server
            .Handle<Greeting>((_, greeting, _) => Note(greeting.Word))
            .Handle<Farewell>((_, farewell, _) => Note(farewell.Word))));
        var pipe = new Introducing();
        var client = BuildClient(options => options.MaxWaitingSends = 1, builder => builder.UsePipe(pipe));
        var sending = client.SendAsync(new Greeting("first"));
        await client.ConnectAsync().InTime();
        await sending.InTime();

        // Accepted is not arrived, and the connection is about to be cut.
        await CountAsync(2);
        Time.Advance(TimeSpan.FromSeconds(5));
        Network.Break();
        await UntilAsync(GhmsClientState.Connected);
        await UntilAsync(GhmsClientState.Connected);
        await client.SendAsync(new Greeting("second"));
        await CountAsync(4);
        Assert.That(order, Is.EqualTo(new[] { "it is me", "first", "it is me", "second" }));

        async Task CountAsync(int count)
        {
            using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (Volatile.Read(ref noted) < count)
            {
                late.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        ValueTask Note(string word)
        {
            lock (order)
            {
                order.Add(word);
                noted++;
            }

            return ValueTask.CompletedTask;
        }
    }

    [Test]
    public async Task A_pipe_that_cannot_restore_fails_the_attempt([Values] bool hangs)
    {
        var server = BuildServer();
        Network.Up(server);
        var pipe = new Introducing { Failure = hangs ? null : new InvalidOperationException("mine"), Hangs = hangs };
        var client = BuildClient(configure: builder => builder.Configure(options => options.Timeout = TimeSpan.FromSeconds(2)).UsePipe(pipe));
        var connecting = client.ConnectAsync();
        await pipe.Began.Task.InTime();
        Time.Advance(TimeSpan.FromSeconds(hangs ? 2 : 0));
        var change = await UntilAsync(GhmsClientState.Waiting);
        Assert.That(change.Cause, hangs ? Is.TypeOf<TimeoutException>() : Is.SameAs(pipe.Failure));
        (pipe.Failure, pipe.Hangs) = (null, false);
        Time.Advance(Ms(100));
        await connecting.InTime();
        Assert.That(client.Broker.Count, Is.EqualTo(1));
    }

    private static async Task<ConnectionContext> Hang(CancellationToken token)
    {
        await Task.Delay(Timeout.Infinite, token);
        throw new InvalidOperationException();
    }

    private sealed class Introducing : Bedrock.Ghms.Broker.Pipes.GhmsPipe
    {
        public TaskCompletionSource Began { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Exception? Failure { get; set; }

        public bool Hangs { get; set; }

        protected internal override async ValueTask ResumeAsync(GhmsConnection connection, CancellationToken cancellationToken)
        {
            Began.TrySetResult();
            await Task.Delay(Hangs ? Timeout.Infinite : 0, cancellationToken);
            if (Failure is { } failure)
            {
                throw failure;
            }

            await connection.SendAsync(new Farewell("it is me"), cancellationToken);
        }
    }
}
