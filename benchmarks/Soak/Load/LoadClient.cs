using Bedrock.Ghms.Client;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Soak.Load;

/// <summary>A client under load: several tasks that send, ask and publish numbers for as long as they may.</summary>
internal sealed class LoadClient : IAsyncDisposable
{
    private static readonly StreamKind[] Kinds =
        [StreamKind.Send, StreamKind.Send, StreamKind.Request, StreamKind.Request, StreamKind.Publication, StreamKind.Request];

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(50);

    private readonly GhmsClient _client;
    private readonly Terms _terms;
    private readonly NumberStream _probes;
    private Task[] _running = [];
    private volatile bool _isStopping;

    /// <summary>Makes a client that is not connected yet.</summary>
    /// <param name="id">A number among the clients. In even ones sends wait for a connection, in odd ones they fail at once where there is none.</param>
    /// <param name="server">Where to connect to.</param>
    /// <param name="terms">The settings.</param>
    public LoadClient(int id, Uri server, Terms terms)
    {
        _terms = terms;
        Streams = [.. Kinds.Select((kind, stream) => new NumberStream(id, stream, kind))];
        _probes = Streams[^1];
        Ledger = new Ledger(id, Kinds.Length);
        _client = new GhmsClientBuilder()
            .Configure(options =>
            {
                options.Timeout = terms.Timeout;
                options.Outbound.SoftLimit = terms.SoftLimit;
                options.Outbound.HardLimit = terms.HardLimit;

                // A machine that has other things to do is no slow consumer: what is to end connections is the silence of a server.
                options.Outbound.SoftLimitTime = TimeSpan.FromMinutes(5);
            })
            .AddMessagePack()
            .AddMessage<Numbered>(code: 10)
            .AddMessage<Receipt>(code: 11)
            .AddTopics()
            .AddRequests()
            .UsePipe(Ledger)
            .ConnectTo(server)
            .UseReconnect(options =>
            {
                options.InitialDelay = TimeSpan.FromMilliseconds(20);
                options.MaxDelay = terms.MaxDelay;
                options.AttemptTimeout = terms.AttemptTimeout;
                options.MaxWaitingSends = id % 2 == 0 ? 100 : 0;
            })
            .Build();
    }

    public IReadOnlyList<NumberStream> Streams { get; }

    public Ledger Ledger { get; }

    /// <summary>What waits to be sent on the newest connection, in bytes.</summary>
    public long PendingBytes => _client.Connection.PendingBytes;

    /// <summary>How it stands, for whoever looks for what is wrong.</summary>
    public string Condition =>
        $"{_client.State}, {PendingBytes} bytes waiting; connections: {string.Join(", ", Ledger.Accounts.Select(account => account.Ending))}";

    /// <summary>Messages that were lost before they were written, on all connections.</summary>
    public long Dropped => _client.Broker.GetStats().Dropped;

    /// <summary>Connects, subscribes to all publications, and begins to send.</summary>
    public async Task StartAsync()
    {
        await _client.ConnectAsync();
        await _client.SubscribeAsync<Numbered>(Terms.Topic, static (_, _, _) => ValueTask.CompletedTask);
        _running =
        [
            RunAsync(Streams[0], _terms.Burst, SendAsync),
            RunAsync(Streams[1], _terms.Burst, SendInTimeAsync),
            RunAsync(Streams[2], 5, AskAsync),
            RunAsync(Streams[Numbered.SlowStream], 20, AskAsync),
            RunAsync(Streams[4], 5, PublishAsync),
        ];
    }

    /// <summary>Asks until there is an answer.</summary>
    /// <exception cref="TimeoutException">There is none in time.</exception>
    public async Task RecoverAsync(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        while (!await _probes.SendNextAsync(message => AskAsync(message, late.Token)))
        {
            if (late.IsCancellationRequested)
            {
                throw new TimeoutException($"Client {_probes.Client} was not back within {limit.TotalSeconds:0.0} s: {_client.State}.");
            }

            await Task.Delay(5);
        }
    }

    /// <summary>Completes when the connection that is there now has ended, as this client sees it.</summary>
    public Task EndOfConnectionAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _client.Connection.Closed.Register(ended.SetResult);
        return ended.Task;
    }

    /// <summary>Throws what ended one of its tasks, if anything has.</summary>
    /// <exception cref="Exception">Something failed in a way in which nothing may fail.</exception>
    public void ThrowIfFailed() => _running.FirstOrDefault(task => task.IsFaulted)?.GetAwaiter().GetResult();

    /// <summary>Sends nothing new, and waits for the outcome of what has been sent.</summary>
    /// <exception cref="Exception">Something failed in a way in which nothing may fail.</exception>
    public async Task StopAsync()
    {
        _isStopping = true;
        await Task.WhenAll(_running).WaitAsync((_terms.Timeout * 4) + TimeSpan.FromSeconds(60));
    }

    /// <summary>Waits until what was published on the newest connection has come back.</summary>
    public async Task DrainAsync(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        var account = Ledger.AccountOf(_client.Connection);
        while (_client.Connection.IsOpen && account.Returned < account.AcceptedOf(Streams[4].Id))
        {
            await Task.Delay(5, late.Token);
        }
    }

    public ValueTask DisposeAsync()
    {
        _isStopping = true;
        return _client.DisposeAsync();
    }

    private async Task RunAsync(NumberStream stream, int burst, Func<Numbered, Task> send)
    {
        await Task.Yield();
        while (!_isStopping)
        {
            if (!await stream.SendNextAsync(send))
            {
                await Task.Delay(PauseAfterFailure);
            }
            else if (stream.Attempted % burst == 0)
            {
                await Task.Delay(Pause);
            }
        }
    }

    private Task SendAsync(Numbered message) => _client.SendAsync(message).AsTask();

    // Its token may fire while it waits for a connection, or for room.
    private async Task SendInTimeAsync(Numbered message)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await _client.SendAsync(message, late.Token);
    }

    private Task AskAsync(Numbered message) => AskAsync(message, CancellationToken.None);

    private async Task AskAsync(Numbered message, CancellationToken cancellationToken)
    {
        var receipt = await _client.RequestAsync<Receipt>(message, cancellationToken);
        if (receipt.Number != message.Number)
        {
            throw new InvalidDataException($"The answer to {message.Number} was {receipt.Number}.");
        }
    }

    private Task PublishAsync(Numbered message) => _client.PublishAsync(Terms.Topic, message).AsTask();
}
