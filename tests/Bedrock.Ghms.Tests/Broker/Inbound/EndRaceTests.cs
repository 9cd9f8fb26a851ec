using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Inbound;

/// <summary>A connection counts as ended a moment before its Close is queued; whoever looks in that moment must not spoil it.</summary>
internal sealed class EndRaceTests : WireFixture
{
    [Test]
    public async Task A_read_loop_that_leaves_before_the_close_is_queued_waits_for_it()
    {
        using var time = new HeldClock();
        await using var broker = BuildEchoBuilder().Build(new TestServices(time));
        var wire = await OpenAsync(broker);
        var closing = Task.Run(() =>
        {
            time.HoldThisThread();
            return wire.Connection.CloseAsync();
        });
        await time.Held.WaitAsync(Patience);
        Assert.That(wire.Connection.IsOpen, Is.False);

        // The loop wakes up for this and finds its connection ended; its transport must not be finished before the Close.
        await wire.SendAsync(1);
        await wire.Peer.FinishAsync();
        await UntilAsync(() => !wire.Connection.IsReading);
        time.Release();
        await closing.WaitAsync(Patience);
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.Normal));
        await wire.Connection.Completion.WaitAsync(Patience);
    }

    [Test]
    public async Task A_tick_before_the_end_has_its_time_does_not_abort()
    {
        using var time = new HeldClock();
        await using var broker = BuildEchoBuilder().Build(new TestServices(time));
        var wire = await OpenAsync(broker);
        var closing = Task.Run(() =>
        {
            time.HoldThisThread();
            return wire.Connection.CloseAsync();
        });
        await time.Held.WaitAsync(Patience);
        ((Bedrock.Ghms.Broker.Timing.ITicked)wire.Connection).Tick(time.GetTimestamp());
        Assert.That(wire.Server.AbortReason, Is.Null);
        time.Release();
        await closing.WaitAsync(Patience);
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.Normal));
        await wire.Connection.Completion.WaitAsync(Patience);
    }

    private GhmsTestBuilder BuildEchoBuilder()
    {
        GhmsTestBuilder? made = null;
        BuildEcho(builder => made = builder);
        return made!;
    }

    /// <summary>A real clock that holds one thread when it asks for the time.</summary>
    private sealed class HeldClock : TimeProvider, IDisposable
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _released = new();
        private int _heldThread;

        public Task Held => _held.Task;

        public void HoldThisThread() => Volatile.Write(ref _heldThread, Environment.CurrentManagedThreadId);

        public void Release()
        {
            Volatile.Write(ref _heldThread, 0);
            _released.Set();
        }

        public override long GetTimestamp()
        {
            if (Environment.CurrentManagedThreadId == Volatile.Read(ref _heldThread))
            {
                _held.TrySetResult();
                _released.Wait();
            }

            return base.GetTimestamp();
        }

        public void Dispose() => _released.Dispose();
    }
}
