using System.IO.Pipelines;
using System.Text;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Testing;

namespace Bedrock.Ghms.Benchmarks.Broker;

/// <summary>A broker with upgraded connections in memory, where everything runs on the thread that causes it.</summary>
internal sealed class BrokerBench : IAsyncDisposable
{
    private BrokerBench(GhmsBroker broker) => Broker = broker;

    public GhmsBroker Broker { get; }

    /// <summary>The server's end that was upgraded first.</summary>
    public GhmsConnection FirstConnection { get; private set; } = null!;

    /// <summary>The clients' ends.</summary>
    public List<InMemoryConnection> Clients { get; } = [];

    /// <summary>Makes a broker and connects to it.</summary>
    /// <param name="configure">Adds encodings, messages and handlers.</param>
    /// <param name="connections">How many connections there are.</param>
    /// <param name="mediaType">What they speak.</param>
    /// <param name="pauseThreshold">How many unread bytes a flush puts up with.</param>
    public static async Task<BrokerBench> CreateAsync(
        Action<GhmsTestBuilder> configure, int connections, string mediaType, long pauseThreshold = 1 << 20)
    {
        // The clients say nothing for as long as a benchmark runs.
        var builder = new GhmsTestBuilder().Configure(options =>
        {
            options.MaxConnections = connections;
            options.Timeout = TimeSpan.FromHours(1);
        });
        configure(builder);
        var bench = new BrokerBench(builder.Build());
        var server = new InMemoryServer(bench.Broker, new InMemoryOptions
        {
            PauseThreshold = pauseThreshold,
            Pool = new BlockPool(),
            Scheduler = PipeScheduler.Inline,
        });
        for (int i = 0; i < connections; i++)
        {
            bench.Clients.Add(server.Connect());
            await UpgradeAsync(bench.Clients[i], mediaType);
        }

        Require.That(SpinWait.SpinUntil(() => bench.Broker.Count == connections, 10_000), "everyone is connected");
        bench.FirstConnection = bench.Broker.Connections[0];
        return bench;
    }

    /// <summary>Takes everything off every client's input.</summary>
    /// <returns>How many bytes there were.</returns>
    public long Drain()
    {
        long length = 0;
        foreach (InMemoryConnection client in Clients)
        {
            // What is read makes room, and so may let more come in.
            while (client.Transport.Input.TryRead(out ReadResult result))
            {
                length += result.Buffer.Length;
                client.Transport.Input.AdvanceTo(result.Buffer.End);
            }
        }

        return length;
    }

    public ValueTask DisposeAsync()
    {
        // Nobody answers a Close here.
        Clients.ForEach(client => client.Abort());
        return Broker.DisposeAsync();
    }

    private static async Task UpgradeAsync(InMemoryConnection client, string mediaType)
    {
        await client.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nAccept: {mediaType}\r\n\r\n"));
        ReadResult response = await client.Transport.Input.ReadAsync();
        Require.That(response.Buffer.FirstSpan.StartsWith("HTTP/1.1 101 "u8), "the upgrade is accepted");
        client.Transport.Input.AdvanceTo(response.Buffer.End);
    }
}
