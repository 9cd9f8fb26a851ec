using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W9: a flush waits for what was accepted before it, and for nothing else.</summary>
internal sealed class FlushTests : WireFixture
{
    [Test]
    public async Task A_flush_completes_while_another_sender_never_stops()
    {
        var wire = await OpenAsync(BuildBlobs(), new InMemoryOptions { PauseThreshold = 1_000 });
        using var stop = new CancellationTokenSource();
        var sender = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await wire.Connection.SendAsync(Blob.Of(1, 100));
            }
        });
        var reader = Task.Run(async () =>
        {
            while (await wire.Peer.ReadFrameAsync() is { } frame && frame.Code != Ghms.CloseCode)
            {
            }
        });
        for (var i = 0; i < 50; i++)
        {
            await wire.Connection.FlushAsync().WaitAsync(Patience);
        }

        await stop.CancelAsync();
        await sender.WaitAsync(Patience);
        await wire.Connection.CloseAsync().WaitAsync(Patience);
        await reader.WaitAsync(Patience);
        await wire.Peer.FinishAsync();
    }

    [Test]
    public async Task A_flush_waits_for_what_was_accepted_before_it()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Connection.SendAsync(Blob.Of(1));
        await wire.Connection.SendAsync(Blob.Of(2));
        var flushed = wire.Connection.FlushAsync();
        Assert.That(flushed.IsCompleted, Is.False);
        await wire.ReadAsync();
        await wire.ExpectAsync(Blob.Of(2).Data);
        await flushed.WaitAsync(Patience);
        Assert.That(wire.Connection.PendingBytes, Is.Zero);
    }

    [Test]
    public async Task Nothing_to_flush_is_flushed_at_once()
    {
        var wire = await OpenAsync(BuildBlobs());
        await wire.Connection.SendAsync(Blob.Of(1));
        Assert.That(wire.Connection.FlushAsync().IsCompletedSuccessfully, Is.True);
    }

    [Test]
    public async Task A_handler_may_await_a_flush_of_its_own_connection()
    {
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, _, ct) =>
        {
            await connection.SendAsync(Blob.Of(1), ct);
            await connection.FlushAsync(ct);
            await connection.SendAsync(Blob.Of(2), ct);
        })), Stalling);
        await wire.SendAsync(0);
        await wire.ExpectAsync(Blob.Of(1).Data);
        await wire.ExpectAsync(Blob.Of(2).Data);
    }

    [Test]
    public async Task A_flush_fails_when_the_connection_ends_first([Values] bool lost)
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Connection.SendAsync(Blob.Of(1));
        await wire.Connection.SendAsync(Blob.Of(2));
        var flushed = wire.Connection.FlushAsync();
        if (lost)
        {
            wire.Server.Abort();
        }
        else
        {
            _ = wire.Connection.CloseAsync();
            Pass(TimeSpan.FromSeconds(12));
        }

        Assert.That(async () => await flushed.WaitAsync(Patience), Throws.TypeOf<GhmsConnectionClosedException>());
        await wire.Connection.Completion.WaitAsync(Patience);
        Assert.That(async () => await wire.Connection.FlushAsync(), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task A_flush_that_was_given_up_is_no_lost_exception()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Connection.SendAsync(Blob.Of(1));
        using (var token = new CancellationTokenSource())
        {
            var flushed = wire.Connection.FlushAsync(token.Token);
            await token.CancelAsync();
            Assert.That(async () => await flushed, Throws.InstanceOf<OperationCanceledException>());
        }

        // The fixture fails if the end of the connection surfaces in a finalizer.
        wire.Server.Abort();
        await wire.Connection.Completion.WaitAsync(Patience);
    }

    [Test]
    public async Task A_broker_flushes_every_connection_and_forgives_those_that_end()
    {
        var broker = BuildBlobs();
        Wire[] wires = [await OpenAsync(broker, Stalling), await OpenAsync(broker, Stalling)];
        await broker.SendAsync(Blob.Of(1));
        var flushed = broker.FlushAsync();
        Assert.That(flushed.IsCompleted, Is.False);
        wires[0].Server.Abort();
        await wires[1].ReadAsync();
        await flushed.WaitAsync(Patience);
    }
}
