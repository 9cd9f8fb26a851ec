using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Connections;

/// <summary>Most connections of a server are idle most of the time: what each of them holds is what the server needs.</summary>
internal sealed class IdleConnectionTests : JoinFixture
{
    private const int Connections = 1_000;

    // A third of it is what this test adds: log records, and for each connection an endpoint and a read that is pending in memory.
    private const long Budget = 2_900;

    [Test]
    public async Task An_idle_connection_holds_no_more_than_its_budget_beside_its_transport()
    {
        var broker = BuildJoined(builder => builder.AddJson().Configure(options => options.MaxConnections = 2 * Connections));
        await OpenIdleAsync(broker, connections: 10);
        await OpenBareAsync(connections: 10);

        var bare = await HeldAsync(() => OpenBareAsync(Connections));
        var idle = await HeldAsync(() => OpenIdleAsync(broker, Connections));
        Assert.That((idle - bare) / Connections, Is.InRange(1, Budget), "bytes");
    }

    // Its 101 and a heartbeat have been sent: what that takes is not to stay.
    private async Task<object> OpenIdleAsync(GhmsBroker broker, int connections)
    {
        var peers = new List<RawPeer>(connections);
        for (var i = 0; i < connections; i++)
        {
            // Who has its 101 may not be listened to yet, and a writer that is still held gives no heartbeat.
            peers.Add((await JoinAsync(broker)).Peer);
        }

        for (var second = 0; second < 12; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        foreach (var peer in peers)
        {
            Assert.That((await peer.ReadFrameAsync(heartbeats: true))?.Code, Is.EqualTo(Ghms.HeartbeatCode));
        }

        return peers;
    }

    private static async Task<object> OpenBareAsync(int connections)
    {
        var ends = new List<object>(2 * connections);
        for (var i = 0; i < connections; i++)
        {
            var (client, server) = InMemoryConnection.CreatePair();
            var (peer, far) = (new RawPeer(client), new RawPeer(server));
            await peer.SendAsync("Upgrade, please.");
            server.Transport.Input.AdvanceTo((await far.ReadAsync()).Buffer.End);
            await far.SendAsync("Well.");
            client.Transport.Input.AdvanceTo((await peer.ReadAsync()).Buffer.End);
            ends.AddRange([peer, server]);
        }

        return ends;
    }

    private static async Task<long> HeldAsync(Func<Task<object>> open)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var opened = await open();
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(opened);
        return held;
    }
}
