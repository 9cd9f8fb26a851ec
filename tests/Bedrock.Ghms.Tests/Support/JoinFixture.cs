using System.Threading.Channels;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Testing;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>A fixture whose tests hold both ends of each connection: the broker's and the peer's.</summary>
internal abstract class JoinFixture : BrokerFixture
{
    private readonly Channel<GhmsConnection> _joined = Channel.CreateUnbounded<GhmsConnection>();

    /// <summary>Builds a broker whose connections <see cref="JoinAsync"/> can hand out.</summary>
    protected GhmsBroker BuildJoined(Action<GhmsTestBuilder> configure) => Build(broker =>
    {
        configure(broker);
        broker.OnConnected(connection =>
        {
            _joined.Writer.TryWrite(connection);
            return ValueTask.CompletedTask;
        });
    });

    /// <summary>Connects a peer, and waits until the broker has its connection.</summary>
    protected async Task<Joined> JoinAsync(
        GhmsBroker broker, string accept = "application/json", string fields = "", InMemoryOptions? options = null)
    {
        var peer = await ConnectAsync(broker, options, accept, fields);
        return new Joined(await _joined.Reader.ReadAsync().InTime(), peer);
    }

    /// <summary>Connects peers one after the other.</summary>
    protected async Task<Joined[]> JoinManyAsync(GhmsBroker broker, int count)
    {
        var joined = new Joined[count];
        for (var i = 0; i < count; i++)
        {
            joined[i] = await JoinAsync(broker);
        }

        return joined;
    }

    /// <summary>Lets the clock run until <paramref name="task"/> is done, for what ends only after a while.</summary>
    protected async Task RunClockAsync(Task task)
    {
        // For no fewer seconds than it takes: who waits for the clock may come to that late.
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!task.IsCompleted)
        {
            late.Token.ThrowIfCancellationRequested();
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await task;
    }
}

/// <summary>Both ends of a connection.</summary>
internal sealed record Joined(GhmsConnection Connection, RawPeer Peer)
{
    /// <summary>Ends the connection from the peer's side and waits until the broker is done with it.</summary>
    public async Task LeaveAsync()
    {
        await Peer.FinishAsync();
        await Connection.Completion.InTime();
    }
}
