using System.Collections.Concurrent;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Inbound;

/// <summary>While a handler is pending the loop reads on, within a bound, and messages wait their turn.</summary>
internal sealed class PendingHandlerTests : WireFixture, IDisposable
{
    private readonly SemaphoreSlim _release = new(0);
    private readonly ConcurrentQueue<int> _handled = new();
    private readonly TaskCompletionSource _handling = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _release.Dispose();

    [Test]
    public async Task Messages_wait_in_order_for_a_pending_handler()
    {
        var wire = await OpenAsync(BuildPending(echo: true), Stalling);
        await wire.Peer.SendAsync((byte[])[.. Enumerable.Range(1, 20).SelectMany(i => RawPeer.Frame(Blob.Code, [(byte)i]))]);
        Assert.That(_handled, Is.EqualTo(new[] { 1 }));
        for (var i = 1; i <= 20; i++)
        {
            _release.Release();
            Assert.That(await wire.ReadAsync(), Is.EqualTo(new byte[] { (byte)i }));
        }
    }

    [Test]
    public async Task A_close_is_acted_on_while_a_handler_is_pending()
    {
        var wire = await OpenAsync(BuildPending(echo: false));
        await wire.SendAsync(1);
        await _handling.Task.WaitAsync(Patience);
        await wire.Connection.SendAsync(Blob.Of(7));
        await wire.Peer.SendAsync(RawPeer.Frame(Ghms.CloseCode, [0x03, 0xE9]));
        await wire.Connection.Ended.WaitAsync(Patience);
        Assert.That(wire.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.ClosedByPeer));
        Assert.That(wire.Connection.End?.Status, Is.EqualTo(CloseStatus.GoingAway));
        Assert.That(wire.Connection.Completion.IsCompleted, Is.False, "The handler is still at work.");
        _release.Release();
        Assert.That(await wire.ReadAsync(), Is.EqualTo(Blob.Of(7).Data), "What was accepted should still arrive.");
        Assert.That(await wire.Peer.ReadFrameAsync(), Is.Null, "A Close is not answered with a Close.");
        await wire.Peer.FinishAsync();
    }

    [Test]
    public async Task Heartbeats_count_as_life_while_a_handler_is_pending()
    {
        var wire = await OpenAsync(BuildPending(echo: true), Stalling, "GHMS-Timeout: 3600000\r\n");
        await wire.SendAsync(1);
        await _handling.Task.WaitAsync(Patience);
        for (var i = 0; i < 4; i++)
        {
            Pass(TimeSpan.FromSeconds(20));
            await wire.Peer.SendAsync(RawPeer.Frame(Ghms.HeartbeatCode, []));
        }

        _release.Release();
        await wire.ExpectAsync(Blob.Of(1).Data);
    }

    [Test]
    public async Task A_full_look_ahead_holds_the_peer_back_and_says_so_once()
    {
        const int Messages = 30;
        var wire = await OpenAsync(BuildPending(echo: true, lookAhead: 1_000), Stalling);
        var sending = wire.Peer.SendAsync((byte[])[.. Enumerable.Range(0, Messages).SelectMany(i => RawPeer.Frame(Blob.Code, Blob.Of(i, 100).Data))]);
        await UntilAsync(() => Logged("LookAheadFull").Any());
        Assert.That(sending.IsCompleted, Is.False, "The peer should be held back.");
        for (var i = 0; i < Messages; i++)
        {
            _release.Release();
            await wire.ExpectAsync(Blob.Of(i, 100).Data);
        }

        await sending.WaitAsync(Patience);
        Assert.That(Logged("LookAheadFull").Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task One_message_may_always_wait_however_large()
    {
        var wire = await OpenAsync(BuildPending(echo: true, lookAhead: 0), Stalling);
        await wire.SendAsync(1);
        await wire.SendAsync(2, 10_000);
        _release.Release(2);
        await wire.ExpectAsync(Blob.Of(1).Data);
        await wire.ExpectAsync(Blob.Of(2, 10_000).Data);
        Assert.That(Logged("LookAheadFull"), Is.Empty);
    }

    [Test]
    public async Task An_end_of_input_behind_a_look_ahead_that_fills_as_the_handler_completes_is_seen()
    {
        // Everything runs on this thread: the handler completes, more than fits arrives, and the input ends, before the loop looks.
        var pump = new SteppedScheduler();
        var first = new TaskCompletionSource();
        var broker = BuildBlobs(builder => builder
            .Configure(options => options.LookAhead = 200)
            .Handle<Blob>((_, blob, _) => blob.Data[0] == 1 ? new ValueTask(first.Task) : ValueTask.CompletedTask));
        var opening = OpenAsync(broker, new InMemoryOptions { Scheduler = pump });
        await UntilAsync(() => pump.RunUntilIdle() >= 0 && opening.IsCompleted);
        var wire = await opening;
        await UntilAsync(() => pump.RunUntilIdle() >= 0);
        await wire.Peer.SendAsync((byte[])[.. RawPeer.Frame(Blob.Code, [1]), .. RawPeer.Frame(Blob.Code, [2])]);
        pump.RunUntilIdle();
        first.SetResult();
        await wire.Peer.SendAsync(RawPeer.Frame(Blob.Code, Blob.Of(3, 150).Data));
        await wire.Peer.FinishAsync();
        await Task.Run(() => UntilAsync(() => pump.RunUntilIdle() >= 0 && wire.Connection.Completion.IsCompleted)).WaitAsync(Patience);
        pump.Free();
        Assert.That(broker.GetStats().Received, Is.EqualTo(3));
        Assert.That(wire.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.EndedByPeer));
    }

    [Test]
    public async Task A_handler_may_await_the_close_of_its_own_connection()
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, blob, _) =>
        {
            await connection.SendAsync(blob, CancellationToken.None);
            await connection.CloseAsync(CloseStatus.Normal, "enough");
            closed.SetResult();
        })));
        await wire.SendAsync(1);
        await wire.ExpectAsync(Blob.Of(1).Data);
        Assert.That(await wire.Peer.ReadCloseAsync(), Is.EqualTo(new CloseMessage(CloseStatus.Normal, "enough")));
        await closed.Task.WaitAsync(Patience);
    }

    [Test]
    public async Task Messages_that_wait_when_this_side_closes_are_not_handled()
    {
        var wire = await OpenAsync(BuildPending(echo: false), Stalling);
        await wire.SendAsync(1);
        await wire.SendAsync(2);
        var closing = wire.Connection.CloseAsync();
        _release.Release(2);
        await wire.Peer.ReadCloseAsync();
        await closing.WaitAsync(Patience);
        await wire.Connection.Completion.WaitAsync(Patience);
        Assert.That(_handled, Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public async Task Answers_of_a_pending_handler_still_go_out_after_the_peers_end_of_input([Values] bool afterMinutes)
    {
        var wire = await OpenAsync(BuildPending(echo: true), Stalling, "GHMS-Timeout: 3600000\r\n");
        await wire.SendAsync(1);
        await wire.SendAsync(2);

        // Both have been taken in; from here on nothing but the end of input lets the loop read no more.
        await UntilAsync(() => wire.Connection.IsReading);
        await wire.Peer.FinishAsync();
        await _handling.Task.WaitAsync(Patience);
        if (afterMinutes)
        {
            // The peer has nothing more to say: that is not silence.
            await UntilAsync(() => !wire.Connection.IsReading);
            Pass(TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(1));
        }

        _release.Release(2);
        await wire.ExpectAsync(Blob.Of(1).Data);
        await wire.ExpectAsync(Blob.Of(2).Data);
        Assert.That(await wire.Peer.ReadFrameAsync(), Is.Null);
        await wire.Connection.Completion.WaitAsync(Patience);
        Assert.That(wire.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.EndedByPeer));
    }

    // Its handler waits until it is released, once for each message.
    private GhmsBroker BuildPending(bool echo, int lookAhead = 262_144) => BuildBlobs(builder => builder
        .Configure(options => options.LookAhead = lookAhead)
        .Handle<Blob>(async (connection, blob, _) =>
        {
            _handled.Enqueue(blob.Data[0]);
            _handling.TrySetResult();
            await _release.WaitAsync(CancellationToken.None);
            if (echo)
            {
                await connection.SendAsync(blob, CancellationToken.None);
            }
        }));
}
