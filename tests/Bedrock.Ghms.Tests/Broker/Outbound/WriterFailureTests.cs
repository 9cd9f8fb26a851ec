using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W10 and W11: when the writer itself fails, one connection dies, nothing follows half a frame, and no frame is left behind.</summary>
internal sealed class WriterFailureTests : WireFixture
{
    [Test]
    public async Task A_failure_inside_a_frame_ends_only_its_connection_and_nothing_is_flushed_after_it([Values] bool shared)
    {
        var broker = BuildBlobs();
        var (failing, healthy) = (await OpenAsync(broker), await OpenAsync(broker));
        FailSecondSpan(failing);
        var flushes = failing.Output.Flushes;
        if (shared)
        {
            Assert.That(async () => await broker.SendAsync(Blob.Of(1, 5_000)), Throws.TypeOf<GhmsConnectionClosedException>());
            await healthy.ExpectAsync(Blob.Of(1, 5_000).Data);
        }
        else
        {
            Assert.That(async () => await failing.Connection.SendAsync(Blob.Of(1, 5_000)), Throws.TypeOf<GhmsConnectionClosedException>());
        }

        await AssertLostAsync(failing);
        Assert.That(failing.Output.Flushes, Is.EqualTo(flushes), "Half a frame was flushed.");
        await healthy.Connection.SendAsync(Blob.Of(2));
        await healthy.ExpectAsync(Blob.Of(2).Data);
    }

    [Test]
    public async Task A_failure_inside_a_frame_of_the_queue_ends_the_connection()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Connection.SendAsync(Blob.Of(1));
        await wire.Connection.SendAsync(Blob.Of(2, 1_000));
        await wire.Connection.SendAsync(Blob.Of(3, 1_000));
        var flushed = wire.Connection.FlushAsync();
        FailSecondSpan(wire);
        var flushes = wire.Output.Flushes;
        await UntilAsync(() => wire.Take() > 0);
        Assert.That(async () => await flushed.WaitAsync(Patience), Throws.TypeOf<GhmsConnectionClosedException>());
        await AssertLostAsync(wire);
        Assert.That(wire.Output.Flushes, Is.EqualTo(flushes), "Half a frame was flushed.");
        Assert.That(wire.Connection.DroppedMessages, Is.EqualTo(2), "The one that failed, and the one taken off the queue with it.");
    }

    [Test]
    public async Task What_a_batch_held_back_is_not_flushed_behind_half_a_frame()
    {
        Wire? wire = null;
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, _, ct) =>
        {
            await connection.SendAsync(Blob.Of(1), ct);
            FailSecondSpan(wire!);
            Assert.That(async () => await connection.SendAsync(Blob.Of(2, 5_000), ct), Throws.TypeOf<GhmsConnectionClosedException>());
            failed.SetResult();
        })));
        var flushes = wire.Output.Flushes;
        await wire.SendAsync(0);
        await failed.Task.WaitAsync(Patience);
        await AssertLostAsync(wire);
        Assert.That(wire.Output.Flushes, Is.EqualTo(flushes), "Half a frame was flushed.");
    }

    [Test]
    public async Task A_writer_that_refuses_memory_ends_the_connection()
    {
        var wire = await OpenAsync(BuildBlobs());
        wire.Output.OnGetMemory = () => throw new InvalidOperationException("Injected.");
        Assert.That(async () => await wire.Connection.SendAsync(Blob.Of(1)), Throws.TypeOf<GhmsConnectionClosedException>());
        await AssertLostAsync(wire);
    }

    [Test]
    public async Task A_writer_that_refuses_an_advance_ends_the_connection_as_it_is_flushed()
    {
        var wire = await OpenAsync(BuildBlobs());
        wire.Output.OnAdvance = () => throw new InvalidOperationException("Injected.");
        Assert.That(await wire.Connection.SendAsync(Blob.Of(1)), Is.EqualTo(1), "It had its place in the connection's room.");
        await AssertLostAsync(wire);
    }

    [Test]
    public async Task A_writer_that_fails_as_it_is_completed_takes_nothing_down([Values] bool flushIsPending)
    {
        // As one over a stream does, which then sends what a failed flush has left in it.
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        var completions = 0;
        wire.Output.OnComplete = () =>
        {
            if (++completions == 1)
            {
                throw new IOException("Injected.");
            }
        };
        if (flushIsPending)
        {
            await wire.Connection.SendAsync(Blob.Of(1));
            await wire.Connection.SendAsync(Blob.Of(2, 1_000));
        }

        wire.Server.Abort();
        await wire.Connection.Completion.WaitAsync(Patience);
        await AssertLostAsync(wire);
        Assert.That(completions, Is.Positive);
    }

    [Test]
    public async Task A_frame_cut_into_many_pieces_arrives_whole()
    {
        var broker = BuildBlobs();
        var wire = await OpenAsync(broker);
        wire.Output.MaxSpan = 3;
        using var raw = RawMessage.Create(Blob.Code, Blob.Of(5, 1_000).Data);
        await wire.Connection.SendAsync(raw);
        await wire.ExpectAsync(Blob.Of(5, 1_000).Data);
    }

    [Test]
    public async Task Every_way_to_refuse_a_frame_leaves_it_to_its_owner()
    {
        var broker = BuildBlobs(builder => builder.Configure(options =>
        {
            options.Outbound.SoftLimit = 1_000;
            options.Outbound.HardLimit = 2_000;
        }));
        var wire = await OpenAsync(broker, Stalling);
        using var raw = RawMessage.Create(Blob.Code, Blob.Of(5, 900).Data);
        var frame = raw.Frame;
        Assert.That(wire.Connection.Offer(frame), Is.EqualTo(SendOutcome.Accepted));
        Assert.That(wire.Connection.Offer(frame), Is.EqualTo(SendOutcome.Accepted));
        Assert.That(wire.Connection.Offer(frame), Is.EqualTo(SendOutcome.OverHardLimit));
        Assert.That(wire.Connection.Offer(frame), Is.EqualTo(SendOutcome.Closed));
        Assert.That(async () => await wire.Connection.SendAsync(raw), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(async () => await broker.SendAsync(raw, [wire.Connection]), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(frame.Span.ToArray(), Is.EqualTo(RawPeer.Frame(Blob.Code, Blob.Of(5, 900).Data)));
    }

    [Test]
    public async Task Senders_that_race_with_every_kind_of_end_leave_nothing_behind([Values] bool stalled, [Values(0, 1, 2, 3)] int ending)
    {
        const int Rounds = 25;
        for (var round = 0; round < Rounds; round++)
        {
            var broker = BuildBlobs(builder => builder.Configure(options => options.Outbound.SoftLimit = 5_000));
            var wire = await OpenAsync(broker, stalled ? Stalling : null);
            var senders = Enumerable.Range(0, 4).Select(sender => Task.Run(async () =>
            {
                while (true)
                {
                    try
                    {
                        await (sender % 2 == 0 ? wire.Connection.SendAsync(Blob.Of(1, 700)) : broker.SendAsync(Blob.Of(1, 700), [wire.Connection]));
                        if (sender == 3)
                        {
                            await wire.Connection.FlushAsync();
                        }
                    }
                    catch (GhmsConnectionClosedException)
                    {
                        return;
                    }
                }
            })).ToArray();
            var reader = Task.Run(async () =>
            {
                try
                {
                    while ((await wire.Peer.ReadFrameAsync()) is { } frame && frame.Code != Ghms.CloseCode)
                    {
                    }
                }
                catch (IOException)
                {
                    // Aborted, as one of the endings does.
                }
            });
            switch (ending)
            {
                case 0:
                    await wire.Connection.CloseAsync().WaitAsync(Patience);
                    break;
                case 1:
                    wire.Server.Abort();
                    break;
                case 2:
                    await wire.Peer.SendAsync(RawPeer.Frame(Ghms.CloseCode, [0x03, 0xE8]));
                    break;
                default:
                    await wire.Peer.FinishAsync();
                    break;
            }

            await Task.WhenAll(senders).WaitAsync(Patience);
            await reader.WaitAsync(Patience);
            if (ending == 0)
            {
                await wire.Peer.FinishAsync();
            }

            await wire.Connection.Completion.WaitAsync(Patience);
            Assert.That(wire.Connection.PendingBytes, Is.Zero);
        }
    }

    private static void FailSecondSpan(Wire wire)
    {
        var spans = 0;
        wire.Output.MaxSpan = 16;
        wire.Output.OnGetSpan = () =>
        {
            if (++spans > 1)
            {
                throw new InvalidOperationException("Injected.");
            }
        };
    }

    private static async Task AssertLostAsync(Wire wire)
    {
        await wire.Connection.Completion.WaitAsync(Patience);
        Assert.That(wire.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.Lost));
        Assert.That(wire.Server.AbortReason, Is.Not.Null);
        Assert.That(wire.Connection.PendingBytes, Is.Zero);
        Assert.That(wire.Connection.Broker.Connections, Has.No.Member(wire.Connection));
    }
}
