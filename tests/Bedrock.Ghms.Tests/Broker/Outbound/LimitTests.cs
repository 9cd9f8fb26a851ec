using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W4: what waits is bounded, and everything that waits counts.</summary>
internal sealed class LimitTests : WireFixture
{
    [Test]
    public async Task Racing_senders_never_exceed_the_limit()
    {
        const int Limit = 10_000;
        const int Cost = FrameHeader.Size + 100 + OutboundOptions.FrameCharge;
        var wire = await OpenAsync(BuildLimited(Limit, Limit), Stalling);
        var most = 0L;
        var senders = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var seen = 0L;
            for (var i = 0; i < 200; i++)
            {
                await wire.Connection.SendAsync(Blob.Of(i, 100));
                seen = Math.Max(seen, wire.Connection.PendingBytes);
            }

            InterlockedMax(ref most, seen);
        })).ToArray();
        for (var i = 0; i < 8 * 200; i++)
        {
            await wire.ReadAsync();
        }

        await Task.WhenAll(senders).WaitAsync(Patience);
        await wire.Connection.FlushAsync().WaitAsync(Patience);
        using (Assert.EnterMultipleScope())
        {
            // One message may have been on its way past the empty queue while others filled it. What a sender looks at is the queue, and
            // then what was taken off it: if it is held up in between, both may be all there is room for.
            Assert.That(most, Is.GreaterThan(0).And.LessThanOrEqualTo((2 * Limit) + Cost));
            Assert.That(wire.Connection.PendingBytes, Is.Zero);
            Assert.That(wire.Connection.IsOpen, Is.True);
        }
    }

    [Test]
    public async Task Tiny_messages_cannot_hide()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        for (var i = 0; i < 10; i++)
        {
            await wire.Connection.SendAsync(Blob.Of(0, 0));
        }

        Assert.That(wire.Connection.PendingBytes, Is.EqualTo(10 * (FrameHeader.Size + OutboundOptions.FrameCharge)));
    }

    [Test]
    public async Task A_frame_larger_than_the_limit_is_let_in_alone([Values] bool raw)
    {
        var wire = await OpenAsync(BuildLimited(1_000, 2_000), Stalling);
        var first = SendAsync(wire, Blob.Of(1, 5_000), raw);
        Assert.That(first.IsCompletedSuccessfully, Is.True);
        var second = SendAsync(wire, Blob.Of(2, 5_000), raw);
        var third = SendAsync(wire, Blob.Of(3, 10), raw);
        Assert.That(second.IsCompleted || third.IsCompleted, Is.False, "Both should wait for room.");
        await wire.ExpectAsync(Blob.Of(1, 5_000).Data);
        byte[][] got = [await wire.ReadAsync(), await wire.ReadAsync()];
        Assert.That(got, Is.EquivalentTo(new[] { Blob.Of(2, 5_000).Data, Blob.Of(3, 10).Data }));
        Assert.That(await first + await second + await third, Is.EqualTo(3));
    }

    [Test]
    public async Task A_frame_that_does_not_fit_under_the_hard_limit_waits_and_ends_nobody()
    {
        var wire = await OpenAsync(BuildLimited(1_000, 2_000), Stalling);
        await wire.Connection.SendAsync(Blob.Of(1, 500));
        var large = wire.Connection.SendAsync(Blob.Of(2, 1_900)).AsTask();
        Assert.That(large.IsCompleted, Is.False);
        await wire.ReadAsync();
        await wire.ExpectAsync(Blob.Of(2, 1_900).Data);
        Assert.That(await large, Is.EqualTo(1));
        Assert.That(wire.Connection.IsOpen, Is.True);
    }

    [Test]
    public async Task A_batch_flushes_before_it_exceeds_the_soft_limit()
    {
        var most = 0L;
        var broker = BuildLimited(1_000, 2_000, builder => builder.Handle<Blob>(async (connection, blob, ct) =>
        {
            await connection.SendAsync(blob, ct);
            most = Math.Max(most, connection.PendingBytes);
        }));
        var wire = await OpenAsync(broker);
        await wire.Peer.SendAsync(Frames(100, 100));
        for (var i = 0; i < 100; i++)
        {
            await wire.ReadAsync();
        }

        Assert.That(most, Is.GreaterThan(0).And.LessThan(2_000));
    }

    [Test]
    public async Task A_recipient_that_keeps_up_is_not_too_slow_for_one_large_message()
    {
        var broker = BuildBlobs(builder => builder.Configure(options => options.MaxMessageSize = 20_000_000));
        var wire = await OpenAsync(broker, Stalling);
        var other = await OpenAsync(broker, Stalling);
        await wire.Connection.SendAsync(Blob.Of(1, 900_000));
        await broker.SendAsync(Blob.Of(2, 15_000_000));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(wire.Connection.IsOpen);
            Assert.That(wire.Connection.PendingBytes, Is.GreaterThan(15_900_000));
            Assert.That(other.Connection.IsOpen);
        }
    }

    internal static byte[] Frames(int count, int size = 1) =>
        [.. Enumerable.Range(0, count).SelectMany(i => RawPeer.Frame(Blob.Code, Blob.Of(i, size).Data))];

    private static void InterlockedMax(ref long most, long seen)
    {
        for (var known = Volatile.Read(ref most); seen > known;)
        {
            known = Interlocked.CompareExchange(ref most, seen, known);
        }
    }

    private static Task<int> SendAsync(Wire wire, Blob blob, bool raw)
    {
        if (!raw)
        {
            return wire.Connection.SendAsync(blob).AsTask();
        }

        // Given back at once: what still waits for room keeps a reference of its own.
        using var message = RawMessage.Create(Blob.Code, blob.Data);
        return wire.Connection.SendAsync(message).AsTask();
    }

    private GhmsBroker BuildLimited(long soft, long hard, Action<GhmsTestBuilder>? configure = null) => BuildBlobs(builder =>
    {
        builder.Configure(options =>
        {
            options.Outbound.SoftLimit = soft;
            options.Outbound.HardLimit = hard;
        });
        configure?.Invoke(builder);
    });
}
