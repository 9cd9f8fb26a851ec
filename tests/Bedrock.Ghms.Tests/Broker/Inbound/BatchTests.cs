using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Broker.Outbound;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Inbound;

/// <summary>What a read loop takes in at once, and when the transport gets its memory back.</summary>
internal sealed class BatchTests : WireFixture
{
    private const int Count = 64;
    private const int Size = 8_192;

    [Test]
    public async Task A_transport_that_is_full_gets_room_while_what_it_held_is_handled()
    {
        var sending = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        var gotRoom = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var handled = 0;
        var wire = await OpenAsync(
            BuildBlobs(builder => builder.Handle<Blob>((_, _, ct) =>
            {
                if (++handled == Count)
                {
                    gotRoom.SetResult(sending.Task.Result.Wait((int)Patience.TotalMilliseconds, ct));
                }

                return ValueTask.CompletedTask;
            })),
            new InMemoryOptions { PauseThreshold = Count * Size / 2 });
        sending.SetResult(wire.Peer.SendAsync(LimitTests.Frames(Count, Size)));
        Assert.That(await gotRoom.Task, Is.True);
    }

    [Test]
    public async Task What_arrives_while_a_batch_is_handled_is_answered_with_it()
    {
        Wire? wire = null;
        wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, blob, ct) =>
        {
            if (blob.Data[0] == 1)
            {
                await wire!.SendAsync(2);
            }

            await connection.SendAsync(blob, ct);
        })));
        var before = wire.Output.Flushes;
        await wire.SendAsync(1);
        await wire.ExpectAsync(Blob.Of(1).Data);
        await wire.ExpectAsync(Blob.Of(2).Data);
        Assert.That(wire.Output.Flushes - before, Is.EqualTo(1));
    }

    [Test]
    public async Task Everything_that_stands_before_a_peers_end_is_handled()
    {
        var wire = await OpenAsync(BuildEcho(), new InMemoryOptions { PauseThreshold = 2 * Count * Size });
        await wire.Peer.SendAsync(LimitTests.Frames(Count, Size));
        await wire.Peer.FinishAsync();
        for (var i = 0; i < Count; i++)
        {
            await wire.ExpectAsync(Blob.Of(i, Size).Data);
        }

        Assert.That(await wire.Peer.ReadFrameAsync(), Is.Null);
        Assert.That(wire.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.EndedByPeer));
    }
}
