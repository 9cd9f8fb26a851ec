using System.IO.Pipelines;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Inbound;

/// <summary>However a connection ends, the peer gets what it is owed, and nobody else notices.</summary>
internal sealed class EndingTests : WireFixture
{
    [Test]
    public async Task A_handler_that_fails_ends_its_own_connection_with_1011([Values] bool asynchronously)
    {
        ExpectsErrors = true;
        var broker = BuildBlobs(builder => builder.Handle<Blob>(async (connection, blob, ct) =>
        {
            if (blob.Data[0] == 0)
            {
                if (asynchronously)
                {
                    await Task.Yield();
                }

                throw new FormatException("Injected.");
            }

            await connection.SendAsync(blob, ct);
        }));
        var (failing, healthy) = (await OpenAsync(broker), await OpenAsync(broker));
        await failing.Peer.SendAsync((byte[])[.. RawPeer.Frame(Blob.Code, [1]), .. RawPeer.Frame(Blob.Code, [0]), .. RawPeer.Frame(Blob.Code, [2])]);
        Assert.That(await failing.ReadAsync(), Is.EqualTo(new byte[] { 1 }));
        Assert.That((await failing.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.HandlerFailed));
        Assert.That(failing.Connection.End?.Exception, Is.TypeOf<FormatException>());
        Assert.That(Logged("HandlerFailed").Count(), Is.EqualTo(1));
        await healthy.SendAsync(3);
        await healthy.ExpectAsync(Blob.Of(3).Data);
    }

    [Test]
    public async Task A_handler_that_throws_without_a_task_ends_its_connection_with_1011()
    {
        ExpectsErrors = true;
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>((_, _, _) => throw new FormatException("Injected."))));
        await wire.SendAsync(1);
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.HandlerFailed));
    }

    [Test]
    public async Task An_end_between_messages_is_normal_and_answers_still_go_out()
    {
        var wire = await OpenAsync(BuildEcho());
        await wire.SendAsync(1);
        await wire.Peer.FinishAsync();
        await wire.ExpectAsync(Blob.Of(1).Data);
        Assert.That(await wire.Peer.ReadFrameAsync(), Is.Null);
        await wire.Connection.Completion.WaitAsync(Patience);
        Assert.That(wire.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.EndedByPeer));
    }

    [TestCase("there", "was closed by the peer, status 1001: back \\u000Bsoon.")]
    [TestCase("there without a word", "was closed by the peer, status 1000.")]
    [TestCase("here", "was closed by this side, status 1008: no more.")]
    [TestCase("finish", "was ended by the peer without a Close.")]
    [TestCase("cut", "was lost: the cable is out.")]
    public async Task Whoever_sends_too_late_is_told_in_words_how_the_connection_ended(string end, string expected)
    {
        var wire = await OpenAsync(BuildEcho());
        switch (end)
        {
            case "there":
                await wire.Peer.SendAsync(RawPeer.Frame(Ghms.CloseCode, [0x03, 0xE9, .. "back \u000Bsoon."u8]));
                break;
            case "there without a word":
                await wire.Peer.SendAsync(RawPeer.Frame(Ghms.CloseCode, [0x03, 0xE8]));
                break;
            case "here":
                _ = wire.Connection.CloseAsync(CloseStatus.PolicyViolation, "no more.");
                break;
            case "finish":
                await wire.Peer.FinishAsync();
                break;
            default:
                await wire.Peer.Output.CompleteAsync(new IOException("the cable is out."));
                await wire.Peer.Input.CompleteAsync();
                break;
        }

        await wire.Connection.Ended.WaitAsync(Patience);
        var error = await Assert.ThrowsAsync<GhmsConnectionClosedException>(async () => await wire.Connection.SendAsync(Blob.Of(1)));
        Assert.That(error!.Message, Is.EqualTo($"The connection {wire.Connection.Id} {expected}"));
    }

    [Test]
    public async Task After_our_close_what_arrives_is_discarded_and_a_FIN_follows([Values] bool peerFinishes)
    {
        // All on this thread: a clock that runs beside the read loop may be past the ten seconds before that has read anything off.
        var broker = BuildBlobs();
        var wire = await OpenAsync(broker, new InMemoryOptions { Scheduler = PipeScheduler.Inline });
        await wire.Connection.CloseAsync().WaitAsync(Patience);
        await wire.Peer.SendAsync(Outbound.LimitTests.Frames(1_000, 100));
        var frame = await wire.Peer.ReadFrameAsync();
        Assert.That(frame?.Code, Is.EqualTo(Ghms.CloseCode));
        if (peerFinishes)
        {
            await wire.Peer.FinishAsync();
        }

        var ending = wire.Peer.ReadFrameAsync();
        await UntilAsync(() =>
        {
            if (!peerFinishes)
            {
                Time.Advance(TimeSpan.FromMilliseconds(50));
            }

            return ending.IsCompleted;
        });
        Assert.That(await ending, Is.Null);
        Assert.That(broker.GetStats().Received, Is.Zero);
        Assert.That(wire.Server.AbortReason, Is.Null);
        await wire.Peer.FinishAsync();
    }

    [Test]
    public async Task What_is_discarded_after_our_close_is_bounded()
    {
        var wire = await OpenAsync(BuildBlobs());
        await wire.Connection.CloseAsync().WaitAsync(Patience);
        var megabyte = new byte[1_048_576];
        var sent = 0;
        for (; !(await wire.Peer.Output.WriteAsync(megabyte)).IsCompleted; sent++)
        {
            Assert.That(sent, Is.LessThan(20));
        }

        Assert.That(sent, Is.GreaterThanOrEqualTo(15));
    }

    [Test]
    public async Task A_close_that_races_with_the_read_loop_always_reaches_the_peer()
    {
        const int Rounds = 300;
        var broker = BuildEcho();
        for (var round = 0; round < Rounds; round++)
        {
            var wire = await OpenAsync(broker);
            var sending = Task.Run(() => wire.SendAsync(1));
            var closing = Task.Run(() => wire.Connection.CloseAsync());
            var frame = await wire.Peer.ReadFrameAsync();
            if (frame?.Code == Blob.Code)
            {
                frame = await wire.Peer.ReadFrameAsync();
            }

            Assert.That(frame?.Code, Is.EqualTo(Ghms.CloseCode), $"Round {round}");
            await Task.WhenAll(sending, closing).WaitAsync(Patience);
            await wire.Peer.FinishAsync();
            await wire.Connection.Completion.WaitAsync(Patience);
        }
    }

    [Test]
    public async Task Closing_twice_changes_nothing()
    {
        var wire = await OpenAsync(BuildBlobs());
        var first = wire.Connection.CloseAsync(CloseStatus.TryAgainLater, "busy");
        var second = wire.Connection.CloseAsync();
        Assert.That(await wire.Peer.ReadCloseAsync(), Is.EqualTo(new CloseMessage(CloseStatus.TryAgainLater, "busy")));
        await Task.WhenAll(first, second).WaitAsync(Patience);
        Assert.That(wire.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.ClosedHere));
    }

    [Test]
    public async Task A_close_completes_after_ten_seconds_when_nobody_reads_it()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Connection.SendAsync(Blob.Of(1));
        var closing = wire.Connection.CloseAsync();
        Pass(TimeSpan.FromSeconds(9.5));
        Assert.That(closing.IsCompleted, Is.False);
        Pass(TimeSpan.FromSeconds(2));
        await closing.WaitAsync(Patience);
        Assert.That(wire.Server.AbortReason, Is.Not.Null);
    }
}
