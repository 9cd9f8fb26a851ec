using Bedrock.Ghms.Client;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Client;

/// <summary>Many clients in one process.</summary>
internal sealed class SharedTimerTests : BrokerFixture
{
    [Test]
    public async Task A_hundred_clients_share_one_timer_which_stops_when_the_last_is_gone()
    {
        var time = new CountingTime();
        var server = new InMemoryServer(Build(broker => broker.AddJson().AddMessage<Greeting>().AddRequests()));
        var clients = new List<GhmsClient>();
        for (var i = 0; i < 100; i++)
        {
            var client = new GhmsClientBuilder().AddJson().AddMessage<Greeting>().AddRequests().AddTopics()
                .UseConnectionFactory(server).UseTimeProvider(time).ConnectTo(new Uri("http://localhost/")).UseReconnect().Build();
            clients.Add(client);
            await client.ConnectAsync().InTime();
        }

        // While it goes off it is not armed.
        await UntilAsync(() => time.Armed == 1);
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask())).InTime();

        // It may be armed for its last turn still, in which it finds nothing to do.
        await UntilAsync(() => time.Armed == 0);
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

    /// <summary>The system's clock, which counts the timers that are to go off.</summary>
    private sealed class CountingTime : TimeProvider
    {
        private int _armed;

        public int Armed => Volatile.Read(ref _armed);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Counted(this, callback, state, dueTime, period);

        private sealed class Counted : ITimer
        {
            private readonly CountingTime _time;
            private readonly ITimer _timer;
            private int _isArmed;

            public Counted(CountingTime time, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
            {
                _time = time;
                _timer = System.CreateTimer(
                    state =>
                    {
                        Set(0);
                        callback(state);
                    },
                    state,
                    Timeout.InfiniteTimeSpan,
                    Timeout.InfiniteTimeSpan);
                Change(dueTime, period);
            }

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                Set(dueTime == Timeout.InfiniteTimeSpan ? 0 : 1);
                return _timer.Change(dueTime, period);
            }

            public void Dispose()
            {
                Set(0);
                _timer.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }

            private void Set(int armed) => Interlocked.Add(ref _time._armed, armed - Interlocked.Exchange(ref _isArmed, armed));
        }
    }
}
