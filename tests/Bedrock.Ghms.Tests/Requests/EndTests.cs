using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>What the end of a connection does to its open requests.</summary>
internal sealed class EndTests : RequestFixture
{
    private readonly TaskCompletionSource _fired = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Test]
    public async Task Every_end_fails_what_is_open_at_once_with_1001([Values("close here", "close there", "finish", "broker")] string end)
    {
        var broker = Make(_ => { });
        var (connection, peer) = await JoinAsync(broker);
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello"));
        await ReadAsync(peer);
        var items = connection.StreamAsync<Greeting>(new Greeting("hello")).GetAsyncEnumerator();
        var next = items.MoveNextAsync();
        await ReadAsync(peer);
        switch (end)
        {
            case "close here":
                _ = connection.CloseAsync();
                break;
            case "close there":
                await peer.SendFrameAsync(0, "\u0003\u00E8");
                break;
            case "finish":
                await peer.FinishAsync();
                break;
            default:
                _ = broker.CloseAsync();
                break;
        }

        var error = (await Assert.ThrowsAsync<GhmsRequestException>(async () => await asking.InTime()))!;
        Assert.That(error.Status, Is.EqualTo(CloseStatus.GoingAway));
        Assert.That(error.InnerException, Is.TypeOf<GhmsConnectionClosedException>());
        Assert.That(error.MayHaveBeenReceived, Is.True);
        Assert.That(
            async () => await next.InTime(),
            Throws.TypeOf<GhmsRequestException>().With.Property("Status").EqualTo(CloseStatus.GoingAway).And.Property("MayHaveBeenReceived").True);
        Assert.That(connection.CountRequests(), Is.EqualTo(default(OpenRequests)));
        Assert.That(async () => await connection.RequestAsync<Greeting>(new Greeting("")).InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task A_request_that_still_waits_for_room_at_the_end_has_certainly_not_been_received([Values] bool isStream)
    {
        var (connection, peer) = await JoinAsync(Make(builder => builder.Configure(options => options.Outbound.SoftLimit = 1_000)), options: new InMemoryOptions { PauseThreshold = 1_000 });
        while (!connection.IsOverSoftLimit)
        {
            await connection.SendAsync(new Greeting(new string('x', 600)));
        }

        Task asking = isStream
            ? connection.StreamAsync<Greeting>(new Greeting("hello")).GetAsyncEnumerator().MoveNextAsync().AsTask()
            : connection.RequestAsync<Greeting>(new Greeting("hello")).AsTask();
        await UntilAsync(() => connection.CountRequests().Asked == 1);
        Assert.That(asking.IsCompleted, Is.False);
        await peer.Output.CompleteAsync(new IOException("cut"));
        await peer.Input.CompleteAsync();
        var error = await Assert.ThrowsAsync<GhmsRequestException>(async () => await asking.InTime());
        Assert.That((error!.Status, error.MayHaveBeenReceived), Is.EqualTo((CloseStatus.GoingAway, false)));
        Assert.That(connection.CountRequests(), Is.EqualTo(default(OpenRequests)));
    }

    [Test]
    public async Task A_request_that_waits_for_room_behind_a_pipe_that_does_not_wait_fails_with_the_connection()
    {
        var (connection, peer) = await JoinAsync(
            Make(builder => builder.Configure(options => options.Outbound.SoftLimit = 1_000).UsePipe(new Hasty())),
            options: new InMemoryOptions { PauseThreshold = 1_000 });
        while (!connection.IsOverSoftLimit)
        {
            await connection.SendAsync(new Greeting(new string('x', 600)));
        }

        var asking = connection.RequestAsync<Greeting>(new Greeting("hello")).AsTask();
        await UntilAsync(() => connection.CountRequests().Asked == 1);
        await peer.Output.CompleteAsync(new IOException("cut"));
        await peer.Input.CompleteAsync();
        await Assert.ThatAsync(() => asking.InTime(), Throws.TypeOf<GhmsRequestException>().With.Property("Status").EqualTo(CloseStatus.GoingAway));
    }

    [Test]
    public async Task A_request_that_a_pipe_holds_at_the_end_has_certainly_not_been_received()
    {
        var pipe = new Holding();
        var (connection, peer) = await JoinAsync(Make(builder => builder.UsePipe(pipe)));
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello")).AsTask();
        await peer.FinishAsync();
        var error = await Assert.ThrowsAsync<GhmsRequestException>(async () => await asking.InTime());
        Assert.That((error!.Status, error.MayHaveBeenReceived), Is.EqualTo((CloseStatus.GoingAway, false)));
        pipe.Open.SetResult();
        await connection.Completion.InTime();
        Assert.That(await peer.ReadFrameAsync(), Is.Null);
    }

    [Test]
    public async Task After_a_Close_from_here_nothing_about_requests_follows()
    {
        var (connection, peer) = await JoinAsync(Make(builder => builder.Answer<Greeting, Greeting>(WaitAsync)));
        await AskAsync(peer, 1);
        await UntilAsync(() => connection.CountRequests().Answering == 1);
        var asking = connection.RequestAsync<Greeting>(new Greeting("hello"));
        await ReadAsync(peer);
        _ = connection.CloseAsync();
        Assert.That(async () => await asking.InTime(), Throws.TypeOf<GhmsRequestException>());
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.Normal));
        await _fired.Task.InTime();
        await UntilAsync(() => connection.CountRequests() == default);
    }

    [Test]
    public async Task After_the_peer_s_FIN_answers_made_go_out_and_open_ones_are_cancelled_silently()
    {
        var (connection, peer) = await JoinAsync(Make(builder => builder
            .Answer<Greeting, Greeting>((_, greeting, _) => new(greeting))
            .Answer<Farewell, Greeting>((connection, farewell, ct) => WaitAsync(connection, new Greeting(farewell.Word), ct))));
        await peer.SendAsync(new ReadOnlyMemory<byte>([.. Envelope(Request, 1, 11, Hello), .. Envelope(Request, 2, 10, Hello)]));
        await peer.FinishAsync();
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Reply, 2, 10, Hello)));
        Assert.That(await peer.ReadFrameAsync(), Is.Null);
        await _fired.Task.InTime();
        await UntilAsync(() => connection.CountRequests() == default);
    }

    [Test]
    public async Task A_handler_that_has_not_let_go_of_the_read_loop_is_counted_and_cancelled_too()
    {
        var counted = new TaskCompletionSource<OpenRequests>(TaskCreationOptions.RunContinuationsAsynchronously);
        var (connection, peer) = await JoinAsync(Make(builder => builder.Answer<Greeting, Greeting>((connection, greeting, ct) =>
        {
            counted.SetResult(connection.CountRequests());
            if (ct.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)))
            {
                _fired.TrySetResult();
            }

            return new(greeting);
        })));
        await AskAsync(peer, 1);
        Assert.That((await counted.Task.InTime()).Answering, Is.EqualTo(1));
        _ = connection.CloseAsync();
        await _fired.Task.InTime();
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.Normal), "There is no answer before it.");
        await UntilAsync(() => connection.CountRequests() == default);
    }

    private async ValueTask<Greeting> WaitAsync(Bedrock.Ghms.Broker.GhmsConnection connection, Greeting greeting, CancellationToken cancellationToken)
    {
        // For good: what the same token ends must not take it back before its turn.
        cancellationToken.Register(() => _fired.TrySetResult());
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return greeting;
    }

    private sealed class Hasty : GhmsPipe
    {
        protected internal override ValueTask<int> SendAsync(
            object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
        {
            // It looks on, and fails with the connection.
            _ = next(message, recipients, cancellationToken).AsTask().ContinueWith(static sent => sent.Exception, TaskScheduler.Default);
            return new ValueTask<int>(1);
        }
    }

    private sealed class Holding : GhmsPipe
    {
        public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected internal override async ValueTask<int> SendAsync(
            object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
        {
            await Open.Task;
            return await next(message, recipients, cancellationToken);
        }
    }
}
