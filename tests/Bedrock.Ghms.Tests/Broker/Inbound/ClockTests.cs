using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Inbound;

/// <summary>What the shared timer decides: silence, trickle, and heartbeats.</summary>
internal sealed class ClockTests : WireFixture
{
    [TestCase(100)]
    [TestCase(1_000)]
    [TestCase(30_000)]
    public async Task A_silent_peer_is_closed_with_1001_no_earlier_than_the_time_out_and_at_most_a_tenth_later(int milliseconds)
    {
        var timeout = TimeSpan.FromMilliseconds(milliseconds);
        var wire = await OpenAsync(BuildTimeout(timeout), fields: "GHMS-Timeout: 3600000\r\n");
        await UntilAsync(() => wire.Connection.IsReading);
        var passed = TimeSpan.Zero;
        for (; wire.Connection.IsOpen; passed += TimeSpan.FromMilliseconds(1))
        {
            Assert.That(passed, Is.LessThan(timeout * 1.1));
            Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.That(passed, Is.InRange(timeout, timeout * 1.1));
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.GoingAway));
        Assert.That(Logged("Idle").Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_single_byte_counts_as_life()
    {
        var wire = await OpenAsync(BuildTimeout(TimeSpan.FromSeconds(4)), Stalling, "GHMS-Timeout: 3600000\r\n");
        foreach (var part in RawPeer.Frame(Blob.Code, []))
        {
            Pass(TimeSpan.FromSeconds(0.6));
            await wire.Peer.SendAsync(new[] { part });
        }

        Assert.That(wire.Connection.IsOpen, Is.True);
    }

    [Test]
    public async Task A_handler_that_blocks_is_not_taken_for_the_peers_silence([Values] bool ahead)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, blob, ct) =>
        {
            if (ahead && blob.Data[0] == 1)
            {
                await release.Task;
                return;
            }

            Pass(TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(1));
            await connection.SendAsync(blob, ct);
        })), Stalling, "GHMS-Timeout: 3600000\r\n");
        if (ahead)
        {
            await wire.SendAsync(1);
        }

        // Behind it a message has begun, which must not pay for the handler either.
        await wire.Peer.SendAsync((byte[])[.. RawPeer.Frame(Blob.Code, [2]), .. RawPeer.Frame(Blob.Code, Blob.Of(3, 500).Data)[..10]]);
        release.SetResult();
        Assert.That(await wire.ReadAsync(), Is.EqualTo(new byte[] { 2 }));
        Assert.That(wire.Connection.IsOpen, Is.True);
    }

    [Test]
    public async Task A_slow_connected_callback_is_not_taken_for_the_peers_silence()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var wire = await OpenAsync(BuildEcho(builder => builder.OnConnected(async _ => await release.Task)), fields: "GHMS-Timeout: 3600000\r\n");
        Pass(TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(1));
        release.SetResult();
        await wire.SendAsync(1);
        await wire.ExpectAsync(Blob.Of(1).Data);
    }

    [Test]
    public async Task A_message_that_trickles_in_is_1008_after_five_seconds_of_grace()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Peer.SendAsync(RawPeer.Frame(Blob.Code, new byte[10_000]).AsMemory(0, 50));
        await UntilAsync(() => wire.Connection.IsReading);
        Pass(TimeSpan.FromSeconds(5));
        Assert.That(wire.Connection.IsOpen, Is.True);
        Pass(TimeSpan.FromSeconds(1.5));
        Assert.That(wire.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.PolicyViolation));
        Assert.That(Logged("Trickle").Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_header_that_trickles_in_is_1008_too()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Peer.SendAsync(RawPeer.Frame(Blob.Code, []).AsMemory(0, 3));
        await UntilAsync(() => wire.Connection.IsReading);
        Pass(TimeSpan.FromSeconds(6.5));
        Assert.That(wire.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
    }

    [Test]
    public async Task A_message_that_keeps_240_bytes_a_second_arrives()
    {
        var wire = await OpenAsync(BuildEcho(), Stalling, "GHMS-Timeout: 3600000\r\n");
        var frame = RawPeer.Frame(Blob.Code, Blob.Of(5, 240 * 20).Data);
        for (var sent = 0; sent < frame.Length; sent += 240)
        {
            await wire.Peer.SendAsync(frame.AsMemory(sent, Math.Min(240, frame.Length - sent)));
            Pass(TimeSpan.FromSeconds(1));
            Assert.That(wire.Connection.IsOpen, Is.True);
        }

        await wire.ExpectAsync(Blob.Of(5, 240 * 20).Data);
    }

    [Test]
    public async Task A_heartbeat_is_sent_after_a_third_of_the_peers_time_out()
    {
        var wire = await OpenAsync(BuildBlobs(), fields: "GHMS-Timeout: 3000\r\n");
        Pass(TimeSpan.FromSeconds(0.9));
        Assert.That(wire.Take(), Is.Zero);
        Pass(TimeSpan.FromSeconds(0.3));
        Assert.That((await wire.Peer.ReadFrameAsync(heartbeats: true))?.Code, Is.EqualTo(Ghms.HeartbeatCode));
        Pass(TimeSpan.FromSeconds(3));
        Assert.That(wire.Take(), Is.InRange(2 * FrameHeader.Size, 3 * FrameHeader.Size));
        Assert.That(wire.Connection.Broker.GetStats().Sent, Is.Zero);
    }

    [Test]
    public async Task No_heartbeat_is_sent_while_messages_are()
    {
        var wire = await OpenAsync(BuildBlobs(), fields: "GHMS-Timeout: 3000\r\n");
        for (var i = 0; i < 20; i++)
        {
            Pass(TimeSpan.FromSeconds(0.5));
            await wire.Connection.SendAsync(Blob.Of(i));
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.That((await wire.Peer.ReadFrameAsync(heartbeats: true))?.Payload, Is.EqualTo(Blob.Of(i).Data));
        }
    }

    private GhmsBroker BuildTimeout(TimeSpan timeout) => BuildBlobs(builder => builder.Configure(options => options.Timeout = timeout));
}
