using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Inbound;

/// <summary>A read loop whose answers the peer does not take.</summary>
internal sealed class HoldBackTests : WireFixture
{
    private int _handled;

    [Test]
    public async Task A_peer_that_takes_no_answers_is_not_read_from_until_it_does()
    {
        var wire = await OpenHeldBackAsync();
        var sending = wire.SendAsync(2);
        Assert.That(_handled, Is.EqualTo(1));
        await wire.ExpectAsync(Blob.Of(1).Data);
        await wire.ExpectAsync(Blob.Of(2).Data);
        await sending.WaitAsync(Patience);
        Assert.That(_handled, Is.EqualTo(2));
    }

    [Test]
    public async Task The_clock_ends_that_wait_because_the_peer_may_wait_in_the_same_way()
    {
        var wire = await OpenHeldBackAsync();
        var sending = wire.SendAsync(2);
        Time.Advance(TimeSpan.FromSeconds(2));
        await UntilAsync(() => Volatile.Read(ref _handled) == 2);
        await sending.WaitAsync(Patience);
        await wire.ExpectAsync(Blob.Of(1).Data);
        await wire.ExpectAsync(Blob.Of(2).Data);
    }

    [Test]
    public async Task What_somebody_else_sends_holds_nothing_back()
    {
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>((_, _, _) =>
        {
            Interlocked.Increment(ref _handled);
            return ValueTask.CompletedTask;
        })), Stalling);
        await wire.Connection.SendAsync(Blob.Of(9));
        Assert.That(wire.Connection.Outbound.FlushPendingSince, Is.Not.Zero);
        await wire.SendAsync(1);
        await wire.SendAsync(2);
        await UntilAsync(() => Volatile.Read(ref _handled) == 2);
    }

    [Test]
    public async Task The_clock_flushes_what_a_handler_that_blocks_holds_back()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var leave = new TaskCompletionSource();
        GhmsConnection? other = null;
        var broker = BuildBlobs(builder => builder.Handle<Blob>((_, blob, ct) =>
        {
            var sent = other!.SendAsync(blob, ct);
            Assert.That(sent.IsCompletedSuccessfully, Is.True);
            entered.SetResult();
            leave.Task.Wait(Patience, ct);
            return ValueTask.CompletedTask;
        }));
        var (asking, waiting) = (await OpenAsync(broker), await OpenAsync(broker));
        other = waiting.Connection;
        await asking.SendAsync(1);
        await entered.Task.WaitAsync(Patience);
        Time.Advance(TimeSpan.FromSeconds(2));
        await waiting.ExpectAsync(Blob.Of(1).Data);
        leave.SetResult();
    }

    // The first message has been answered, the answer waits for the peer, and so does the loop.
    private async Task<Wire> OpenHeldBackAsync()
    {
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, blob, ct) =>
        {
            Interlocked.Increment(ref _handled);
            await connection.SendAsync(blob, ct);
        })), Stalling);
        await wire.SendAsync(1);
        await UntilAsync(() => wire.Connection.Outbound.IsWaitedFor);
        return wire;
    }
}
