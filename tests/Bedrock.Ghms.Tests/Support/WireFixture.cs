using System.Collections.Concurrent;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Testing;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>Opens connections that carry blobs and whose transport a test can watch, stall and break.</summary>
internal abstract class WireFixture : BrokerFixture
{
    /// <summary>How long a test waits for what must happen; long enough for the slowest machine.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, TaskCompletionSource<GhmsConnection>> _connected = [];

    /// <summary>A transport on which every flush is pending until the far end has read everything.</summary>
    protected static InMemoryOptions Stalling => new() { PauseThreshold = 1 };

    /// <summary>Builds a broker of blobs.</summary>
    protected GhmsBroker BuildBlobs(Action<GhmsTestBuilder>? configure = null) => Build(builder =>
    {
        builder
            .AddBinary()
            .AddMessage(Blob.Code, () => new Blob())
            .OnConnected(connection =>
            {
                Connected(connection.Id).SetResult(connection);
                return ValueTask.CompletedTask;
            });
        configure?.Invoke(builder);
    });

    /// <summary>Builds a broker that sends every blob back.</summary>
    protected GhmsBroker BuildEcho(Action<GhmsTestBuilder>? configure = null) => BuildBlobs(builder =>
    {
        builder.Handle<Blob>(async (connection, blob, ct) => await connection.SendAsync(blob, ct));
        configure?.Invoke(builder);
    });

    /// <summary>Opens a connection to a broker of blobs.</summary>
    protected async Task<Wire> OpenAsync(
        GhmsBroker broker, InMemoryOptions? options = null, string fields = "", string accept = MediaTypes.Binary)
    {
        var client = new InMemoryServer(broker, options).Connect(out var server);
        var output = Wire.Tap(server);
        var peer = new RawPeer(client);
        Assert.That(await peer.UpgradeAsync(accept, fields), Does.StartWith("HTTP/1.1 101 "));
        var connection = await Connected(server.ConnectionId).Task.WaitAsync(Patience);

        // The 101 may still be on its way through a transport that stalls, or whoever has flushed it about to let go of the writer: what a
        // test sends would take the queue then, and wait there until that thread gets on. A test begins when nothing is under way.
        await UntilAsync(() => connection.Outbound.IsFree);
        return new Wire(peer, connection, server, output);
    }

    /// <summary>The events of one kind that were logged.</summary>
    protected IEnumerable<LogRecord> Logged(string name) => Services.Log.Where(record => record.Event.Name == name);

    /// <summary>Lets others work until <paramref name="condition"/> holds; for what gives no signal.</summary>
    protected static async Task UntilAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!condition())
        {
            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Moves the clock on in small steps, as a real one does.</summary>
    protected void Pass(TimeSpan time, TimeSpan? step = null)
    {
        var each = step ?? TimeSpan.FromMilliseconds(100);
        for (; time > TimeSpan.Zero; time -= each)
        {
            Time.Advance(time < each ? time : each);
        }
    }

    private TaskCompletionSource<GhmsConnection> Connected(string id) =>
        _connected.GetOrAdd(id, static _ => new TaskCompletionSource<GhmsConnection>(TaskCreationOptions.RunContinuationsAsynchronously));
}
