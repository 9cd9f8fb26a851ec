using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Connections;

/// <summary>How long a closing connection goes on with a peer that reads slowly.</summary>
internal sealed class EndTimeTests : WireFixture
{
    private const int Messages = 80;
    private const int Size = 10_000;

    // Ten of them are just less than the ten seconds that a connection has from its Close on.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.99);

    [Test]
    public async Task A_peer_that_reads_slowly_but_in_time_gets_all_that_was_accepted()
    {
        var broker = BuildBlobs();
        var wire = await FillAsync(broker);
        var closed = broker.CloseAsync();
        await ReadAsync(wire, eachStep: Messages / 10);
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.GoingAway));
        await closed.InTime();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(wire.Connection.DroppedMessages, Is.Zero);
            Assert.That(wire.Server.AbortReason, Is.Null);
        }
    }

    [Test]
    public async Task A_peer_that_is_still_reading_after_ten_seconds_is_aborted_and_the_rest_counted()
    {
        var broker = BuildBlobs();
        var wire = await FillAsync(broker);
        var closed = broker.CloseAsync();
        await ReadAsync(wire, eachStep: Messages / 20);
        Assert.That(wire.Server.AbortReason, Is.Null, "before its time");
        Pass(TimeSpan.FromSeconds(2));
        Assert.That(async () => await closed.InTime(), Throws.TypeOf<AggregateException>());
        await wire.Connection.Completion.InTime();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(wire.Server.AbortReason, Is.Not.Null);

            // What stood in the transport, a batch at most, is in no count: nobody can tell whether it arrived.
            Assert.That(wire.Connection.DroppedMessages, Is.InRange((Messages / 2) - 16, Messages / 2));
            Assert.That(broker.GetStats().Dropped, Is.EqualTo(wire.Connection.DroppedMessages));
        }
    }

    private async Task<Wire> FillAsync(GhmsBroker broker)
    {
        var wire = await OpenAsync(broker, Stalling);
        for (var i = 0; i < Messages; i++)
        {
            await wire.Connection.SendAsync(Blob.Of(i, Size));
        }

        return wire;
    }

    private async Task ReadAsync(Wire wire, int eachStep)
    {
        for (var i = 0; i < 10 * eachStep; i++)
        {
            await wire.ExpectAsync(Blob.Of(i, Size).Data);
            if (i % eachStep == eachStep - 1)
            {
                Pass(Step);
            }
        }
    }
}
