using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W5: the producer is paced first; a minority that is slower delays nobody.</summary>
internal sealed class PacingTests : WireFixture
{
    private const int Size = 1_000;
    private const int Cost = FrameHeader.Size + Size + OutboundOptions.FrameCharge;

    [Test]
    public async Task A_lone_recipient_over_its_soft_limit_makes_the_sender_wait_until_it_reads()
    {
        var wire = await OpenAsync(BuildLimited(2 * Cost), Stalling);
        var waiting = await FillAsync(wire, accepted: 3);
        Assert.That(waiting.IsCompleted, Is.False);
        for (var i = 0; i < 4; i++)
        {
            await wire.ExpectAsync(Numbered(i).Data);
        }

        Assert.That(await waiting.WaitAsync(Patience), Is.EqualTo(1));
    }

    [Test]
    public async Task A_token_ends_the_wait_and_nothing_is_sent()
    {
        var wire = await OpenAsync(BuildLimited(2 * Cost), Stalling);
        using var token = new CancellationTokenSource();
        var waiting = await FillAsync(wire, accepted: 3, token.Token);
        await token.CancelAsync();
        Assert.That(async () => await waiting.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        await AssertNothingMoreAsync(wire, accepted: 3);
    }

    [Test]
    public async Task A_token_that_has_fired_sends_nothing_even_where_there_is_room()
    {
        var wire = await OpenAsync(BuildBlobs());
        Assert.That(
            async () => await wire.Connection.SendAsync(Blob.Of(1), new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
        await AssertNothingMoreAsync(wire, accepted: 0);
    }

    [Test]
    public async Task The_time_out_ends_the_wait_and_nothing_is_sent([Values] bool withToken)
    {
        var wire = await OpenAsync(BuildLimited(2 * Cost), Stalling);
        using var token = new CancellationTokenSource();
        var waiting = await FillAsync(wire, accepted: 3, withToken ? token.Token : default);

        await PassTimeoutAsync(wire);
        Assert.That(async () => await waiting.WaitAsync(Patience), Throws.TypeOf<TimeoutException>());
        await AssertNothingMoreAsync(wire, accepted: 3, read: 1);
    }

    [Test]
    public async Task A_broadcast_whose_recipients_are_all_slow_honours_token_and_time_out([Values] bool byToken)
    {
        var broker = BuildLimited(2 * Cost);
        Wire[] wires = [await OpenAsync(broker, Stalling), await OpenAsync(broker, Stalling)];
        using var token = new CancellationTokenSource();
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await broker.SendAsync(Numbered(i), token.Token), Is.EqualTo(2));
        }

        var waiting = broker.SendAsync(Numbered(3), token.Token).AsTask();
        Assert.That(waiting.IsCompleted, Is.False);
        if (byToken)
        {
            await token.CancelAsync();
            Assert.That(async () => await waiting.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        }
        else
        {
            await PassTimeoutAsync(wires);
            Assert.That(async () => await waiting.WaitAsync(Patience), Throws.TypeOf<TimeoutException>());
        }

        foreach (var wire in wires)
        {
            await AssertNothingMoreAsync(wire, accepted: 3, read: byToken ? 0 : 1);
        }
    }

    [Test]
    public async Task One_stalled_reader_of_a_hundred_delays_no_send()
    {
        const int Messages = 50;
        var broker = BuildLimited(10 * Cost);
        var stalled = await OpenAsync(broker, Stalling);
        var healthy = new List<Wire>();
        while (healthy.Count < 99)
        {
            healthy.Add(await OpenAsync(broker));
        }

        for (var i = 0; i < Messages; i++)
        {
            var sending = broker.SendAsync(Blob.Of(i, Size)).AsTask();
            Assert.That(sending.IsCompletedSuccessfully, Is.True, "A send waited.");
            Assert.That(await sending, Is.EqualTo(100));
        }

        foreach (var wire in healthy)
        {
            for (var i = 0; i < Messages; i++)
            {
                await wire.ExpectAsync(Blob.Of(i, Size).Data);
            }
        }

        Assert.That(stalled.Connection.IsOverSoftLimit, Is.True);
    }

    [Test]
    public async Task A_tight_broadcast_loop_disconnects_none_of_a_hundred_readers()
    {
        // More than the hard limit for each, so that only pacing keeps them connected.
        const int Messages = 200;
        const int Large = 50_000;
        var broker = BuildBlobs();
        var wires = new List<Wire>();
        while (wires.Count < 100)
        {
            wires.Add(await OpenAsync(broker));
        }

        var readers = wires.Select(wire => Task.Run(() => wire.SkipAsync((long)Messages * (FrameHeader.Size + Large)))).ToArray();
        for (var i = 0; i < Messages; i++)
        {
            Assert.That(await broker.SendAsync(Blob.Of(i, Large)), Is.EqualTo(100));
        }

        await Task.WhenAll(readers).WaitAsync(Patience);
        Assert.That(broker.Count, Is.EqualTo(100));
    }

    [Test]
    public async Task Of_two_readers_the_slower_one_sets_the_pace_and_both_stay()
    {
        const int Messages = 300;
        const long All = Messages * (long)(FrameHeader.Size + Size);
        var broker = BuildLimited(10 * Cost);
        var (fast, slow) = (await OpenAsync(broker, Stalling), await OpenAsync(broker, Stalling));
        var (byFast, bySlow) = (0L, 0L);
        for (var i = 0; i < Messages; i++)
        {
            var sending = broker.SendAsync(Blob.Of(i, Size)).AsTask();
            await UntilAsync(() => Step() && sending.IsCompleted);
            Assert.That(await sending, Is.EqualTo(2));
        }

        await UntilAsync(() => Step() && byFast == All && bySlow == All);
        Assert.That(broker.Count, Is.EqualTo(2));
        Assert.That(Logged("TooSlow"), Is.Empty);

        bool Step()
        {
            byFast += fast.Take(1_000);
            bySlow += slow.Take(800);
            return true;
        }
    }

    [Test]
    public async Task A_sender_that_waits_learns_that_the_connection_has_ended()
    {
        var wire = await OpenAsync(BuildLimited(2 * Cost), Stalling);
        var waiting = await FillAsync(wire, accepted: 3);
        wire.Server.Abort();
        Assert.That(async () => await waiting.WaitAsync(Patience), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    // The first one is small: what follows it stays over the soft limit when it alone has been read.
    private static Blob Numbered(int number) => Blob.Of(number, number == 0 ? 1 : Size);

    // Fills the room of a connection whose peer does not read; the last message waits.
    private static async Task<Task<int>> FillAsync(Wire wire, int accepted, CancellationToken cancellationToken = default)
    {
        for (var i = 0; i < accepted; i++)
        {
            Assert.That(await wire.Connection.SendAsync(Numbered(i), cancellationToken), Is.EqualTo(1));
        }

        return wire.Connection.SendAsync(Numbered(accepted), cancellationToken).AsTask();
    }

    // A peer that takes nothing at all is ended in the same instant, so this one takes a little.
    private async Task PassTimeoutAsync(params Wire[] wires)
    {
        Time.Advance(Ghms.Timeout - TimeSpan.FromSeconds(5));
        foreach (var wire in wires)
        {
            var flushes = wire.Output.Flushes;
            await wire.ExpectAsync(Numbered(0).Data);
            await UntilAsync(() => wire.Output.Flushes > flushes);
            await wire.SendAsync(0);
        }

        Time.Advance(TimeSpan.FromSeconds(5));
    }

    private static async Task AssertNothingMoreAsync(Wire wire, int accepted, int read = 0)
    {
        for (var i = read; i < accepted; i++)
        {
            await wire.ExpectAsync(Numbered(i).Data);
        }

        await wire.Connection.FlushAsync().WaitAsync(Patience);
        await wire.Connection.SendAsync(Blob.Of(0xEE));
        Assert.That(await wire.ReadAsync(), Is.EqualTo(Blob.Of(0xEE).Data), "Something else was sent.");
    }

    private GhmsBroker BuildLimited(long soft) => BuildBlobs(builder => builder.Configure(options =>
    {
        options.Outbound.SoftLimit = soft;
        options.Outbound.HardLimit = 100 * soft;
        options.Outbound.SoftLimitTime = TimeSpan.FromHours(1);
    }));
}
