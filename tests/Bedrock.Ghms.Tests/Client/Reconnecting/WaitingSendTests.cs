using System.Collections.Concurrent;
using System.Globalization;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Client.Reconnecting;

/// <summary>What becomes of sends while there is no connection.</summary>
internal sealed class WaitingSendTests : ReconnectFixture
{
    private readonly ConcurrentQueue<string> _received = [];
    private readonly ConcurrentQueue<(string Connection, int Number)> _receivedOn = [];

    [Test]
    public async Task By_default_they_fail_at_once()
    {
        Network.Up(BuildListener());
        var client = BuildClient();
        Assert.That(async () => await client.SendAsync(new Greeting("early")), Throws.TypeOf<GhmsConnectionClosedException>());
        await client.ConnectAsync().InTime();
        await LoseAsync(client);
        Assert.That(async () => await client.SendAsync(new Greeting("late")), Throws.TypeOf<GhmsConnectionClosedException>().With.Message.Contains("was lost"));
        Assert.That(async () => await client.RequestAsync<Greeting>(new Greeting("late")), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task They_wait_and_go_out_in_order_before_what_is_sent_later()
    {
        Network.Up(BuildListener());
        var client = BuildClient(options => options.MaxWaitingSends = 1_000);
        var sends = new List<Task<int>>();
        for (var i = 0; i < 10; i++)
        {
            sends.Add(client.SendAsync(new Greeting($"{i}")).AsTask());
        }

        await client.ConnectAsync().InTime();
        sends.Add(client.SendAsync(new Greeting("10")).AsTask());
        Assert.That(await Task.WhenAll(sends).InTime(), Is.All.EqualTo(1));
        await ExpectReceivedAsync(11);
    }

    [Test]
    public async Task Nothing_overtakes_what_has_waited()
    {
        Network.Up(BuildListener());
        var pipe = new Gatekeeper();
        var client = BuildClient(options => options.MaxWaitingSends = 1, builder => builder.UsePipe(pipe));
        var first = client.SendAsync(new Greeting("0")).AsTask();
        await client.ConnectAsync().InTime();
        await pipe.Reached.Task.InTime();
        var second = client.SendAsync(new Greeting("1")).AsTask();
        Assert.That(second.IsCompleted, Is.False);
        pipe.Open.SetResult();
        await Task.WhenAll(first, second).InTime();
        await ExpectReceivedAsync(2);
    }

    [Test]
    public async Task Every_sender_s_order_is_kept_over_many_reconnections_and_nothing_comes_twice()
    {
        const int senders = 4;
        var server = BuildListener();
        Network.Up(server);
        var client = BuildClient(
            options => options.MaxWaitingSends = senders,
            builder => builder.Configure(options =>
            {
                // The clock runs ahead of senders that share two cores.
                options.Timeout = TimeSpan.FromHours(1);
                options.Outbound.SoftLimitTime = TimeSpan.FromHours(1);
            }));
        await client.ConnectAsync().InTime();
        using var stop = new CancellationTokenSource();
        var sent = new int[senders];
        var sending = Enumerable.Range(0, senders).Select(sender => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await client.SendAsync(new Greeting($"{(sent[sender]++ * senders) + sender}"));
            }
        })).ToArray();
        for (var i = 0; i < 20; i++)
        {
            await UntilAsync(GhmsClientState.Connected);
            var before = _received.Count;
            await UntilAsync(() => _received.Count > before + 20);
            Time.Advance(TimeSpan.FromSeconds(5));
            Network.Break();
        }

        // What the last connection but one has accepted may be lost: the last message is one that was begun after that.
        await UntilAsync(() => Network.ServerEnds.Count == 21);
        var begun = Volatile.Read(ref sent[0]);
        await UntilAsync(() => Volatile.Read(ref sent[0]) > begun);
        await stop.CancelAsync();
        await Task.WhenAll(sending).InTime();
        await client.CloseAsync().InTime();
        await UntilAsync(() => _received.Contains($"{((sent[0] - 1) * senders)}"));

        // A server that finds out late goes on with what has arrived on the old connection beside the first that comes on the new one.
        var inOrderOfConnections = Network.ServerEnds.SelectMany(end => _receivedOn.Where(received => received.Connection == end.ConnectionId)).ToList();
        for (var sender = 0; sender < senders; sender++)
        {
            var numbers = inOrderOfConnections.Select(received => received.Number).Where(number => number % senders == sender).ToList();
            Assert.That(numbers, Is.Ordered.Ascending.And.Unique);
            Assert.That(numbers[^1] / senders, Is.LessThan(sent[sender]));
        }
    }

    [Test]
    public async Task Only_so_many_wait()
    {
        Network.Up(BuildListener());
        var client = BuildClient(options => options.MaxWaitingSends = 2);
        var waiting = new[] { client.SendAsync(new Greeting("0")).AsTask(), client.SendAsync(new Greeting("1")).AsTask() };
        Assert.That(async () => await client.SendAsync(new Greeting("one too many")), Throws.TypeOf<GhmsConnectionClosedException>());
        await client.ConnectAsync().InTime();
        await Task.WhenAll(waiting).InTime();
        await ExpectReceivedAsync(2);
    }

    [Test]
    public async Task A_place_is_free_again_when_its_sender_has_given_up()
    {
        Network.Up(BuildListener());
        var client = BuildClient(options => options.MaxWaitingSends = 1);
        using var source = new CancellationTokenSource();
        var given = client.SendAsync(new Greeting("given up"), source.Token).AsTask();
        await source.CancelAsync();
        Assert.That(async () => await given.InTime(), Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(source.Token));
        var kept = client.SendAsync(new Greeting("0"));
        await client.ConnectAsync().InTime();
        await kept.InTime();
        await ExpectReceivedAsync(1);
    }

    [Test]
    public async Task They_wait_no_longer_than_the_time_out()
    {
        var client = BuildClient(options => options.MaxWaitingSends = 1, builder => builder.Configure(options => options.Timeout = TimeSpan.FromSeconds(7)));
        var waiting = client.SendAsync(new Greeting("x")).AsTask();
        Time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.That(waiting.IsCompleted, Is.False);
        Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(async () => await waiting.InTime(), Throws.TypeOf<TimeoutException>());
    }

    [Test]
    public async Task They_fail_when_the_client_is_closed_or_gives_up([Values] bool closes)
    {
        Network.Down();
        var client = BuildClient(options => (options.MaxWaitingSends, options.MaxAttempts) = (1, 1));
        var waiting = client.SendAsync(new Greeting("x")).AsTask();
        if (closes)
        {
            await client.CloseAsync().InTime();
        }
        else
        {
            Assert.That(async () => await client.ConnectAsync().InTime(), Throws.TypeOf<IOException>());
        }

        Assert.That(async () => await waiting.InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(async () => await client.SendAsync(new Greeting("later")).InTime(), Throws.TypeOf<GhmsConnectionClosedException>(), "There is nothing to wait for.");
    }

    [Test]
    public async Task Who_has_given_up_and_tries_again_lets_sends_wait_again()
    {
        Network.Down();
        var client = BuildClient(options => (options.MaxWaitingSends, options.MaxAttempts) = (1, 1));
        await Assert.ThatAsync(() => client.ConnectAsync().InTime(), Throws.TypeOf<IOException>());
        Network.Up(BuildListener());
        await client.ConnectAsync().InTime();
        await client.SendAsync(new Greeting("0")).InTime();
        await ExpectReceivedAsync(1);
    }

    [Test]
    public async Task A_message_that_cannot_be_sent_fails_alone()
    {
        Network.Up(BuildListener());
        var client = BuildClient(options => options.MaxWaitingSends = 10);
        var wrong = client.SendAsync(new Version(1, 0)).AsTask();
        var right = client.SendAsync(new Greeting("0")).AsTask();
        await client.ConnectAsync().InTime();
        Assert.That(async () => await wrong.InTime(), Throws.TypeOf<GhmsInvalidMessageCodeException>());
        await right.InTime();
        await ExpectReceivedAsync(1);
    }

    [Test]
    public async Task What_a_connection_has_not_taken_before_it_ends_waits_for_the_next()
    {
        Network.Up(BuildListener());
        var pipe = new Gatekeeper();
        var client = BuildClient(options => options.MaxWaitingSends = 10, builder => builder.UsePipe(pipe));
        var first = client.SendAsync(new Greeting("0")).AsTask();
        var second = client.SendAsync(new Greeting("1")).AsTask();
        await client.ConnectAsync().InTime();
        await pipe.Reached.Task.InTime();
        await LoseAsync(client);
        pipe.Open.SetResult();
        await Task.WhenAll(first, second).InTime();
        await ExpectReceivedAsync(2);
    }

    [Test]
    public async Task Who_gives_up_while_being_sent_on_a_connection_that_ends_is_not_sent_on_the_next()
    {
        Network.Up(BuildListener());
        var pipe = new Gatekeeper();
        var client = BuildClient(options => options.MaxWaitingSends = 10, builder => builder.UsePipe(pipe));
        using var source = new CancellationTokenSource();
        var sending = client.SendAsync(new Greeting("given up"), source.Token).AsTask();
        await client.ConnectAsync().InTime();
        await pipe.Reached.Task.InTime();
        await source.CancelAsync();
        Assert.That(sending.IsCompleted, Is.False, "The pipe has it still.");
        await LoseAsync(client);
        pipe.Open.SetResult();
        Assert.That(async () => await sending.InTime(), Throws.InstanceOf<OperationCanceledException>());
        await client.SendAsync(new Greeting("0")).InTime();
        await ExpectReceivedAsync(1);
    }

    [Test]
    public async Task Requests_wait_in_their_turn()
    {
        Network.Up(BuildListener());
        var client = BuildClient(options => options.MaxWaitingSends = 10, builder => builder.AddRequests());
        var sending = client.SendAsync(new Greeting("0")).AsTask();
        var asking = client.RequestAsync<Farewell>(new Farewell("1")).AsTask();
        var last = client.SendAsync(new Greeting("2")).AsTask();
        var streaming = client.StreamAsync<Greeting>(new Farewell("x")).GetAsyncEnumerator();
        var next = streaming.MoveNextAsync();
        await client.ConnectAsync().InTime();
        await Task.WhenAll(sending, last).InTime();
        Assert.That(await asking.InTime(), Is.EqualTo(new Farewell("1")));
        Assert.That(async () => await next.InTime(), Throws.TypeOf<GhmsRequestException>().With.Message.Contains("one reply"));
        await ExpectReceivedAsync(3);
    }

    private GhmsBroker BuildListener() => BuildServer(builder => builder
        .AddRequests()
        .Handle<Greeting>((connection, greeting, _) =>
        {
            _receivedOn.Enqueue((connection.Id, int.Parse(greeting.Word, CultureInfo.InvariantCulture)));
            _received.Enqueue(greeting.Word);
            return ValueTask.CompletedTask;
        })
        .Answer<Farewell, Farewell>((_, farewell, _) =>
        {
            if (farewell.Word != "x")
            {
                _received.Enqueue(farewell.Word);
            }

            return new(farewell);
        }));

    // The server is away for a moment, so that there is a time without a connection.
    private async Task LoseAsync(GhmsClient client)
    {
        await UntilAsync(GhmsClientState.Connected);
        var ends = Network.ServerEnds.Count;
        Time.Advance(TimeSpan.FromSeconds(5));
        var server = BuildListener();
        Network.Down();
        Network.Break();
        await UntilAsync(GhmsClientState.Waiting);
        Network.Up(server);
        Assert.That((client.Connection.IsOpen, Network.ServerEnds.Count), Is.EqualTo((false, ends)));
        if (client.Broker.FindPipe<Gatekeeper>() is not null)
        {
            Time.Advance(Ms(100));
            await UntilAsync(GhmsClientState.Connected);
        }
    }

    private async Task ExpectReceivedAsync(int count)
    {
        await UntilAsync(() => _received.Count >= count);
        Assert.That(_received, Is.EqualTo(Enumerable.Range(0, count).Select(number => $"{number}")));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Keeps the first message until it is told to go on.</summary>
    private sealed class Gatekeeper : GhmsPipe
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected internal override async ValueTask<int> SendAsync(
            object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
        {
            if (Reached.TrySetResult())
            {
                await Open.Task;
            }

            return await next(message, recipients, CancellationToken.None);
        }
    }
}
