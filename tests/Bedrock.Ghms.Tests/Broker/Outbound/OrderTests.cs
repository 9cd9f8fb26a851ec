using System.Buffers;
using System.Buffers.Binary;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W2 and W3: nobody waits for the writer, encoders may send, and order holds.</summary>
internal sealed class OrderTests : WireFixture
{
    [Test]
    public async Task An_encoder_that_sends_on_its_own_connection_comes_first()
    {
        var wire = await OpenAsync(BuildBlobs());
        Task<int>? inner = null;
        var outer = new Blob
        {
            Encoder = output =>
            {
                inner = wire.Connection.SendAsync(Blob.Of(2, 10)).AsTask();
                output.Write(Blob.Of(1, 10).Data);
            },
        };
        Assert.That(await wire.Connection.SendAsync(outer), Is.EqualTo(1));
        Assert.That(await inner!, Is.EqualTo(1));
        await wire.ExpectAsync(Blob.Of(1, 10).Data);
        await wire.ExpectAsync(Blob.Of(2, 10).Data);
    }

    [Test]
    public async Task An_encoder_that_sends_and_then_throws_has_sent()
    {
        var wire = await OpenAsync(BuildBlobs());
        var outer = new Blob
        {
            Encoder = output =>
            {
                output.Write(Blob.Of(1, 10).Data);
                wire.Connection.SendAsync(Blob.Of(2, 10)).AsTask().GetAwaiter().GetResult();
                throw new FormatException();
            },
        };
        Assert.That(async () => await wire.Connection.SendAsync(outer), Throws.TypeOf<FormatException>());
        await wire.ExpectAsync(Blob.Of(2, 10).Data);
    }

    [Test]
    public async Task An_encoder_that_sends_while_it_is_queued_leaves_both_intact()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        await wire.Connection.SendAsync(Blob.Of(0));
        var outer = new Blob
        {
            Encoder = output =>
            {
                output.Write(Blob.Of(1, 10).Data);
                wire.Connection.SendAsync(Blob.Of(2, 10)).AsTask().GetAwaiter().GetResult();
            },
        };
        await wire.Connection.SendAsync(outer);
        await wire.ReadAsync();
        byte[][] got = [await wire.ReadAsync(), await wire.ReadAsync()];
        Assert.That(got, Is.EquivalentTo(new[] { Blob.Of(1, 10).Data, Blob.Of(2, 10).Data }));
    }

    [Test]
    public async Task Senders_at_once_keep_each_its_own_order_byte_for_byte([Values(1, 4_096, 65_536)] int pauseThreshold)
    {
        const int Senders = 8;
        const int Each = 400;
        var wire = await OpenAsync(BuildBlobs(), new InMemoryOptions { PauseThreshold = pauseThreshold });
        var senders = Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                await wire.Connection.SendAsync(Numbered(sender, i));
            }
        })).ToArray();
        var next = new int[Senders];
        for (var i = 0; i < Senders * Each; i++)
        {
            var got = await wire.ReadAsync();
            var sender = got[0];
            Assert.That(got.AsSpan().SequenceEqual(Numbered(sender, next[sender]).Data), Is.True, $"Message {next[sender]} of sender {sender}");
            next[sender]++;
        }

        await Task.WhenAll(senders).WaitAsync(Patience);
        Assert.That(wire.Connection.Broker.GetStats().Sent, Is.EqualTo(Senders * Each));
    }

    [Test]
    public async Task A_send_behind_a_flush_that_never_completes_returns_at_once()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        var first = wire.Connection.SendAsync(Blob.Of(1)).AsTask();
        var second = wire.Connection.SendAsync(Blob.Of(2)).AsTask();
        Assert.That(first.IsCompletedSuccessfully && second.IsCompletedSuccessfully, Is.True);
        Assert.That(await first + await second, Is.EqualTo(2));
    }

    [Test]
    public async Task A_flush_that_completes_later_does_not_capture_the_senders_context()
    {
        var wire = await OpenAsync(BuildBlobs(), Stalling);
        wire.Output.FlushesAsTasks = true;
        var context = new CountingContext();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(context);
        try
        {
            Assert.That(wire.Connection.SendAsync(Blob.Of(1)).AsTask().IsCompletedSuccessfully, Is.True);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        await wire.ReadAsync();
        await wire.Connection.FlushAsync().WaitAsync(Patience);
        Assert.That(context.Posts, Is.Zero);
    }

    // Lengths differ from message to message, so that frames begin anywhere in the transport's segments.
    private static Blob Numbered(int sender, int number)
    {
        var blob = Blob.Of((sender * 31) + number, 5 + (number * 37 % 3_000));
        blob.Data[0] = (byte)sender;
        BinaryPrimitives.WriteInt32BigEndian(blob.Data.AsSpan(1), number);
        return blob;
    }

    private sealed class CountingContext : SynchronizationContext
    {
        private int _posts;

        public int Posts => Volatile.Read(ref _posts);

        public override void Post(SendOrPostCallback d, object? state)
        {
            Interlocked.Increment(ref _posts);
            ThreadPool.QueueUserWorkItem(_ => d(state));
        }
    }
}
