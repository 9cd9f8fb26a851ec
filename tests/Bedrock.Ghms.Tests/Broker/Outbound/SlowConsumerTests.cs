using System.Buffers;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W6 and W7: a consumer that is too slow is ended, counted, and told once.</summary>
internal sealed class SlowConsumerTests : WireFixture
{
    private const int Size = 1_000;

    [Test]
    public async Task Past_the_hard_limit_a_connection_is_ended_and_what_it_lost_is_counted()
    {
        var broker = BuildLimited(soft: 2_000, hard: 5_000);
        var stalled = await OpenAsync(broker, Stalling);
        Wire[] healthy = [await OpenAsync(broker), await OpenAsync(broker)];
        for (var i = 0; i < 20; i++)
        {
            Assert.That(await broker.SendAsync(Blob.Of(i, Size)), Is.EqualTo(stalled.Connection.IsOpen ? 3 : 2));
        }

        Assert.That(stalled.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
        var received = await ReadUntilTooSlowAsync(stalled);
        await stalled.Connection.Completion.WaitAsync(Patience);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stalled.Connection.DroppedMessages, Is.GreaterThan(0).And.EqualTo(stalled.Connection.SentMessages - received));
            Assert.That(broker.GetStats().Dropped, Is.EqualTo(stalled.Connection.DroppedMessages));
            Assert.That(Logged("TooSlow").Count(), Is.EqualTo(1));
            Assert.That(healthy.All(wire => wire.Connection.IsOpen), Is.True);
        }
    }

    [Test]
    public async Task A_close_that_the_peer_never_reads_is_no_dropped_message()
    {
        var broker = BuildLimited(soft: 2_000, hard: 5_000);
        var stalled = await OpenAsync(broker, Stalling);
        _ = await OpenAsync(broker);
        _ = await OpenAsync(broker);
        while (stalled.Connection.IsOpen)
        {
            await broker.SendAsync(Blob.Of(0, Size));
        }

        var dropped = stalled.Connection.DroppedMessages;
        Pass(TimeSpan.FromSeconds(12));
        await stalled.Connection.Completion.WaitAsync(Patience);
        Assert.That(stalled.Server.AbortReason, Is.Not.Null);
        Assert.That(stalled.Connection.DroppedMessages, Is.EqualTo(dropped).And.EqualTo(stalled.Connection.SentMessages - 1));
    }

    [Test]
    public async Task Over_the_soft_limit_for_too_long_a_connection_is_ended([Values] bool direct)
    {
        // Either one message past the queue, or many that wait in it.
        var broker = BuildLimited(soft: 2_000, hard: 50_000);
        var wire = await OpenAsync(broker, Stalling);
        for (var i = 0; i < (direct ? 1 : 2); i++)
        {
            await wire.Connection.SendAsync(Blob.Of(i, direct ? 3_000 : Size));
        }

        var waiting = wire.Connection.SendAsync(Blob.Of(9, Size)).AsTask();
        Pass(TimeSpan.FromSeconds(9.9));
        Assert.That(wire.Connection.IsOpen, Is.True);
        Pass(TimeSpan.FromSeconds(1.2));
        Assert.That(wire.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
        Assert.That(async () => await waiting.WaitAsync(Patience), Throws.TypeOf<GhmsConnectionClosedException>());
        var received = await ReadUntilTooSlowAsync(wire);
        await wire.Connection.Completion.WaitAsync(Patience);
        Assert.That(wire.Connection.DroppedMessages, Is.EqualTo(wire.Connection.SentMessages - received));
        Assert.That(Logged("TooSlow").Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_reader_that_gets_below_the_soft_limit_starts_its_time_anew()
    {
        var wire = await OpenAsync(BuildLimited(soft: 2_000, hard: 50_000), Stalling);
        for (var round = 0; round < 3; round++)
        {
            await wire.Connection.SendAsync(Blob.Of(round, 3_000));
            Pass(TimeSpan.FromSeconds(8));
            await wire.ReadAsync();
            await wire.Connection.FlushAsync().WaitAsync(Patience);
            await wire.SendAsync(0);
        }

        Assert.That(wire.Connection.IsOpen, Is.True);
    }

    [Test]
    public async Task A_stalled_output_is_ended_after_the_time_out_and_aborted_ten_seconds_later()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Connection.SendAsync(Blob.Of(1));
        Pass(TimeSpan.FromSeconds(29.9));
        Assert.That(wire.Connection.IsOpen, Is.True);
        Pass(TimeSpan.FromSeconds(1.2));
        Assert.That(wire.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
        Assert.That(wire.Server.AbortReason, Is.Null);
        Pass(TimeSpan.FromSeconds(8.5));
        Assert.That(wire.Server.AbortReason, Is.Null);
        Pass(TimeSpan.FromSeconds(3));

        // The clock may run on the read loop's thread, which has set a timer of its own meanwhile.
        await wire.Connection.Completion.WaitAsync(Patience);
        Assert.That(wire.Server.AbortReason, Is.Not.Null);
        Assert.That(Logged("TooSlow").Count(), Is.EqualTo(1));
        Assert.That(Logged("Idle"), Is.Empty, "One end has one cause.");
    }

    [Test]
    public async Task No_heartbeat_is_sent_while_bytes_wait()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Connection.SendAsync(Blob.Of(1));
        Pass(TimeSpan.FromSeconds(32));
        Assert.That((await wire.Peer.ReadFrameAsync(heartbeats: true))?.Code, Is.EqualTo(Blob.Code));
        Assert.That((await wire.Peer.ReadFrameAsync(heartbeats: true))?.Code, Is.EqualTo(Ghms.CloseCode));
    }

    private static async Task<int> ReadUntilTooSlowAsync(Wire wire)
    {
        for (var received = 0; ; received++)
        {
            var frame = await wire.Peer.ReadFrameAsync();
            if (frame?.Code == Ghms.CloseCode)
            {
                Assert.That(CloseMessage.TryRead(new ReadOnlySequence<byte>(frame.Value.Payload), out var close), Is.True);
                Assert.That(close.Status, Is.EqualTo(CloseStatus.PolicyViolation));
                await wire.Peer.FinishAsync();
                return received;
            }

            Assert.That(frame?.Code, Is.EqualTo(Blob.Code));
        }
    }

    private GhmsBroker BuildLimited(long soft, long hard) => BuildBlobs(builder => builder.Configure(options =>
    {
        options.Outbound.SoftLimit = soft;
        options.Outbound.HardLimit = hard;
    }));
}
