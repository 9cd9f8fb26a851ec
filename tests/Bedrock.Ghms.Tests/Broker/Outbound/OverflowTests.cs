using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>What a slow consumer loses, and what it never does.</summary>
internal sealed class OverflowTests : WireFixture
{
    private const int Size = 100;
    private const int Cost = FrameHeader.Size + Size + OutboundOptions.FrameCharge;

    // The first one is on its way in the transport, and two wait.
    private const int Room = 3;

    [Test]
    public async Task The_newest_go_where_the_type_says_so()
    {
        var broker = BuildLimited(builder => builder.DropNewest<Blob>());
        var wire = await OpenAsync(broker, Stalling);
        Assert.That(await SendAsync(wire, 6), Is.EqualTo([1, 1, 1, 0, 0, 0]));
        AssertCounted(wire, sent: 3, dropped: 3);
        await ExpectAsync(wire, 0, 1, 2);
        await AssertCaughtUpAsync(wire);
    }

    [Test]
    public async Task The_oldest_give_way_where_the_type_says_so()
    {
        var broker = BuildLimited(builder => builder.DropOldest<Blob>());
        var wire = await OpenAsync(broker, Stalling);
        Assert.That(await SendAsync(wire, 6), Is.All.EqualTo(1));
        AssertCounted(wire, sent: 6, dropped: 3);
        await ExpectAsync(wire, 0, 4, 5);
        await AssertCaughtUpAsync(wire);
    }

    [Test]
    public async Task A_message_too_large_to_take_the_place_of_others_is_dropped_itself()
    {
        var broker = BuildLimited(builder => builder.DropOldest<Blob>());
        var wire = await OpenAsync(broker, Stalling);
        await SendAsync(wire, 3);
        Assert.That(await wire.Connection.SendAsync(Blob.Of(9, 10 * Cost)), Is.Zero);
        await ExpectAsync(wire, 0, 1, 2);
        await wire.Connection.FlushAsync().WaitAsync(Patience);
        Assert.That(await wire.Connection.SendAsync(Blob.Of(9, 10 * Cost)), Is.EqualTo(1), "Nothing waits any more.");
        await wire.ExpectAsync(Blob.Of(9, 10 * Cost).Data);
    }

    [Test]
    public async Task What_is_on_its_way_leaves_room_for_what_is_newer()
    {
        var broker = BuildLimited(builder => builder.DropOldest<Blob>(), room: 10);
        var wire = await OpenAsync(broker, Stalling);
        await SendAsync(wire, 10);
        await wire.ExpectAsync(Numbered(0).Data);
        await wire.ExpectAsync(Numbered(1).Data);
        Assert.That(await wire.Connection.SendAsync(Blob.Of(10, 4 * Size)), Is.EqualTo(1));
        Assert.That(wire.Connection.DroppedMessages, Is.EqualTo(2));
    }

    [Test]
    public async Task Of_each_key_only_the_latest_waits()
    {
        var broker = BuildLimited(builder => builder.Conflate<Blob>(blob => blob.Data[0] % 2));
        var wire = await OpenAsync(broker, Stalling);
        Assert.That(await SendAsync(wire, 21), Is.All.EqualTo(1));
        Assert.That(wire.Connection.PendingBytes, Is.EqualTo(3 * Cost));
        AssertCounted(wire, sent: 21, dropped: 18);
        await ExpectAsync(wire, 0, 19, 20);
        await AssertCaughtUpAsync(wire);
    }

    [Test]
    public async Task A_key_that_changes_all_the_time_has_its_turn_all_the_same()
    {
        const int Hot = 255;
        var broker = BuildLimited(builder => builder.Conflate<Blob>(blob => blob.Data[0]));
        var wire = await OpenAsync(broker, Stalling);
        await SendAsync(wire, 3);
        await wire.Connection.SendAsync(Numbered(Hot));
        var received = new List<byte>();
        for (var i = 3; i < 8; i++)
        {
            // Something else comes behind it each time, and one message is taken.
            await wire.Connection.SendAsync(Numbered(i));
            await wire.Connection.SendAsync(Numbered(Hot));
            received.Add((await wire.ReadAsync())[0]);
        }

        Assert.That(received[..4], Is.EqualTo(new byte[] { 0, 1, 2, Hot }));
    }

    [Test]
    public async Task Of_each_key_the_newest_content_is_what_arrives()
    {
        var broker = BuildLimited(builder => builder.Conflate<Blob>(blob => blob.Data.Length > Size));
        var wire = await OpenAsync(broker, Stalling);
        await SendAsync(wire, 3);
        await wire.Connection.SendAsync(Blob.Of(3, 2 * Size));
        await wire.Connection.SendAsync(Numbered(4));
        await wire.Connection.SendAsync(Blob.Of(5, 3 * Size));
        Assert.That(wire.Connection.PendingBytes, Is.EqualTo((3 * Cost) + (2 * Size)));
        await wire.ExpectAsync(Numbered(0).Data);
        await wire.ExpectAsync(Numbered(4).Data);
        await wire.ExpectAsync(Blob.Of(5, 3 * Size).Data);
        AssertCounted(wire, sent: 6, dropped: 3);
    }

    [Test]
    public async Task A_newer_message_that_outgrows_the_hard_limit_ends_the_connection()
    {
        var wire = await OpenAsync(BuildLimited(builder => builder.Conflate<Blob>(_ => "state")), Stalling);
        await SendAsync(wire, 2);
        await Assert.ThrowsAsync<GhmsConnectionClosedException>(async () => await wire.Connection.SendAsync(Blob.Of(9, 20 * Cost)));
        Assert.That(wire.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
    }

    [Test]
    public async Task Memory_does_not_grow_with_what_is_dropped_behind_something_that_stays([Values] bool conflated)
    {
        var broker = BuildLimited(builder =>
        {
            builder.AddMessage(Note.Code, () => new Note());
            _ = conflated ? builder.Conflate<Blob>(_ => "state") : builder.DropOldest<Blob>();
        });
        var wire = await OpenAsync(broker, Stalling);
        await SendAsync(wire, 1);
        await wire.Connection.SendAsync(new Note());
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var blob = Numbered(7);
        for (var i = 0; i < 300_000; i++)
        {
            await wire.Connection.SendAsync(blob);
        }

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(1_000_000));
        Assert.That((await wire.Peer.ReadFrameAsync())?.Payload[0], Is.EqualTo(0));
        Assert.That((await wire.Peer.ReadFrameAsync())?.Code, Is.EqualTo(Note.Code));
        Assert.That((await wire.Peer.ReadFrameAsync())?.Payload[0], Is.EqualTo(7));
        await wire.Connection.FlushAsync().WaitAsync(Patience);
    }

    [Test]
    public async Task Memory_does_not_grow_with_keys_that_have_gone_out()
    {
        // Several times what one flush takes off the queue, which is 64 KiB: a queue that runs empty is let go with all that it remembers.
        const int Waiting = 2_000;
        var number = 0;
        var broker = BuildBlobs(builder => builder
            .Configure(options => options.Outbound.SoftLimitTime = TimeSpan.FromHours(1))
            .Conflate<Blob>(_ => number++));
        var wire = await OpenAsync(broker, Stalling);
        for (var i = 0; i < Waiting; i++)
        {
            await wire.Connection.SendAsync(Numbered(7));
        }

        // The queue moves all the time and is never empty.
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 50_000; i++)
        {
            await wire.Connection.SendAsync(Numbered(7));
            await wire.Peer.ReadFrameAsync();
        }

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(1_000_000));
    }

    [Test]
    public async Task A_latest_message_is_never_dropped_but_its_consumer_may_be_too_slow()
    {
        var broker = BuildLimited(builder => builder.Conflate<Blob>(blob => blob.Data[0]));
        var wire = await OpenAsync(broker, Stalling);
        Assert.That(await SendAsync(wire, 10), Is.All.EqualTo(1));
        await Assert.ThrowsAsync<GhmsConnectionClosedException>(async () => await wire.Connection.SendAsync(Numbered(10)));
        Assert.That(wire.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
    }

    [Test]
    public async Task A_key_that_is_missing_is_the_senders_error()
    {
        var wire = await OpenAsync(BuildLimited(builder => builder.Conflate<Blob>(_ => null!)), Stalling);
        await wire.Connection.SendAsync(Numbered(0));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await wire.Connection.SendAsync(Numbered(1)));
        Assert.That(wire.Connection.IsOpen, Is.True);
    }

    [Test]
    public async Task A_message_without_a_rule_is_never_dropped_and_waits_behind_those_that_are()
    {
        var broker = BuildLimited(builder => builder.AddMessage(Note.Code, () => new Note()).DropOldest<Blob>());
        var wire = await OpenAsync(broker, Stalling);
        await SendAsync(wire, 2);
        Assert.That(await wire.Connection.SendAsync(new Note()), Is.EqualTo(1));
        var waiting = wire.Connection.SendAsync(new Note()).AsTask();
        Assert.That(waiting.IsCompleted, Is.False);
        Assert.That(await wire.Connection.SendAsync(Numbered(2)), Is.EqualTo(1), "It takes the place of an older one.");
        Assert.That((await wire.Peer.ReadFrameAsync())?.Payload[0], Is.EqualTo(0));
        Assert.That((await wire.Peer.ReadFrameAsync())?.Code, Is.EqualTo(Note.Code));
        Assert.That((await wire.Peer.ReadFrameAsync())?.Payload[0], Is.EqualTo(2));
        Assert.That((await wire.Peer.ReadFrameAsync())?.Code, Is.EqualTo(Note.Code));
        Assert.That(await waiting.WaitAsync(Patience), Is.EqualTo(1));
    }

    [Test]
    public async Task One_stalled_reader_of_a_hundred_loses_what_it_must_and_holds_up_nobody([Values] bool inBatch, [Values] bool conflated)
    {
        const int Messages = 200;
        var results = new List<int>();
        var broker = BuildLimited(builder =>
        {
            (conflated ? builder.Conflate<Blob>(_ => "state") : builder.DropOldest<Blob>()).Handle<Blob>(async (connection, blob, ct) =>
            {
                var sending = connection.Broker.SendAsync(blob, ct).AsTask();
                Assert.That(sending.IsCompletedSuccessfully, Is.True, "A send waited.");
                results.Add(await sending);
            });
        });
        var stalled = await OpenAsync(broker, Stalling);
        var wires = new List<Wire>();
        while (wires.Count < 99)
        {
            wires.Add(await OpenAsync(broker, new InMemoryOptions { PauseThreshold = 10_000_000 }));
        }

        await stalled.Connection.SendAsync(Blob.Of(255));
        for (var i = 0; i < Messages; i += 50)
        {
            if (inBatch)
            {
                await wires[0].Peer.SendAsync((byte[])[.. Enumerable.Range(i, 50).SelectMany(number => RawPeer.Frame(Blob.Code, Numbered(number).Data))]);
            }
            else
            {
                for (var number = i; number < i + 50; number++)
                {
                    results.Add(await broker.SendAsync(Numbered(number)));
                }
            }

            foreach (var wire in wires)
            {
                await ExpectAsync(wire, [.. Enumerable.Range(i, 50)]);
            }
        }

        Assert.That(results, Is.All.EqualTo(100).Or.EqualTo(99));
        Assert.That(stalled.Connection.IsOpen, Is.True);
        Assert.That(stalled.Connection.PendingBytes, Is.LessThanOrEqualTo(Room * Cost));

        await stalled.ExpectAsync(Blob.Of(255).Data);
        var received = 0;
        byte[] last;
        do
        {
            last = await stalled.ReadAsync();
            received++;
        }
        while (last[0] != Messages - 1);
        Assert.That(received + stalled.Connection.DroppedMessages, Is.EqualTo(Messages));
        Assert.That(broker.GetStats().Dropped, Is.EqualTo(stalled.Connection.DroppedMessages));
    }

    [Test]
    public void A_rule_for_a_type_that_is_not_registered_is_a_mistake() => Assert.That(
        () => Build(builder => builder.AddBinary().DropOldest<Blob>()),
        Throws.TypeOf<GhmsInvalidConfigException>().With.Message.Contains(nameof(Blob)));

    [Test]
    public async Task The_slowest_sets_the_pace_where_the_broker_says_so()
    {
        var broker = BuildLimited(builder => builder.Configure(options => options.Outbound.PaceBySlowest = true));
        Wire[] wires = [await OpenAsync(broker, Stalling), await OpenAsync(broker), await OpenAsync(broker)];
        for (var i = 0; i < Room; i++)
        {
            Assert.That(await broker.SendAsync(Numbered(i)), Is.EqualTo(3));
        }

        var waiting = broker.SendAsync(Numbered(Room)).AsTask();
        Assert.That(waiting.IsCompleted, Is.False);
        await ExpectAsync(wires[0], 0, 1, 2, 3);
        Assert.That(await waiting.WaitAsync(Patience), Is.EqualTo(3));
        await ExpectAsync(wires[1], 0, 1, 2, 3);
    }

    [Test]
    public async Task The_slowest_does_so_up_to_the_senders_deadline()
    {
        var broker = BuildLimited(builder => builder.Configure(options => options.Outbound.PaceBySlowest = true));
        Wire[] wires = [await OpenAsync(broker, Stalling), await OpenAsync(broker), await OpenAsync(broker)];
        for (var i = 0; i < Room; i++)
        {
            await broker.SendAsync(Numbered(i));
        }

        using var token = new CancellationTokenSource();
        var waiting = broker.SendAsync(Numbered(Room), token.Token).AsTask();
        await token.CancelAsync();
        Assert.That(async () => await waiting.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        await broker.SendAsync(Numbered(9), [wires[1].Connection]);
        await ExpectAsync(wires[1], 0, 1, 2, 9);
    }

    private static Blob Numbered(int number) => Blob.Of(number, Size);

    private static async Task<int[]> SendAsync(Wire wire, int count)
    {
        var results = new int[count];
        for (var i = 0; i < count; i++)
        {
            var sending = wire.Connection.SendAsync(Numbered(i)).AsTask();
            Assert.That(sending.IsCompletedSuccessfully, Is.True, "A send waited.");
            results[i] = await sending;
        }

        return results;
    }

    private static async Task ExpectAsync(Wire wire, params int[] numbers)
    {
        foreach (var number in numbers)
        {
            await wire.ExpectAsync(Numbered(number).Data);
        }
    }

    private void AssertCounted(Wire wire, int sent, int dropped)
    {
        var stats = wire.Connection.Broker.GetStats();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((stats.Sent, stats.Dropped), Is.EqualTo((sent, dropped)));
            Assert.That(wire.Connection.DroppedMessages, Is.EqualTo(dropped));
            Assert.That(wire.Connection.IsOpen, Is.True);
            Assert.That(Logged("Dropping").Count(), Is.EqualTo(1), "One warning an episode.");
        }
    }

    // Then another episode may begin.
    private async Task AssertCaughtUpAsync(Wire wire)
    {
        await UntilAsync(() => Logged("CaughtUp").Any());
        Assert.That(await SendAsync(wire, 2), Is.All.EqualTo(1));
        await ExpectAsync(wire, 0, 1);
        Assert.That(Logged("Dropping").Count(), Is.EqualTo(1));
    }

    private GhmsBroker BuildLimited(Action<GhmsTestBuilder> configure, int room = Room) => BuildBlobs(builder =>
    {
        builder.Configure(options =>
        {
            options.Outbound.SoftLimit = room * Cost;
            options.Outbound.HardLimit = 10 * Cost;
            options.Outbound.SoftLimitTime = TimeSpan.FromHours(1);
        });
        configure(builder);
    });

    private sealed class Note : Bedrock.Ghms.Messages.IBinaryMessage
    {
        public const uint Code = 21;

        public void Write(System.Buffers.IBufferWriter<byte> output) => System.Buffers.BuffersExtensions.Write(output, new byte[Size]);

        public void Read(System.Buffers.ReadOnlySequence<byte> payload)
        {
        }
    }
}
