using System.Buffers;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W1: encoders are user code, and only whole frames become bytes on the wire.</summary>
internal sealed class EncoderTests : WireFixture
{
    private const int Blocker = 0xBB;

    [TestCase(false)]
    [TestCase(true)]
    public async Task An_encoder_that_throws_at_any_byte_leaves_the_next_frame_intact(bool queued)
    {
        const int Count = 300;
        var wire = await OpenBlockedAsync(queued);
        for (var n = 0; n < Count; n++)
        {
            var bytes = n;
            var failing = new Blob
            {
                Encoder = output =>
                {
                    WriteChunks(output, bytes, 1, 0xEE);
                    throw new FormatException();
                },
            };
            Assert.That(async () => await wire.Connection.SendAsync(failing), Throws.TypeOf<FormatException>());
            Assert.That(await wire.Connection.SendAsync(Blob.Of(n, n)), Is.EqualTo(1));
        }

        await SkipBlockerAsync(wire, queued);
        for (var n = 0; n < Count; n++)
        {
            await wire.ExpectAsync(Blob.Of(n, n).Data);
        }
    }

    [Test]
    public async Task An_encoder_may_outgrow_the_transports_memory_in_steps_of_any_size(
        [Values(0, 1, 1_016, 1_024, 4_088, 4_089, 5_000, 70_000, 1_000_000)] int size, [Values(1, 7, 4_096)] int step, [Values] bool queued)
    {
        var wire = await OpenBlockedAsync(queued);
        var sending = wire.Connection.SendAsync(new Blob { Encoder = output => WriteChunks(output, size, step, 0x5A) }).AsTask();
        await SkipBlockerAsync(wire, queued);
        await wire.ExpectAsync(Blob.Of(0x5A, size).Data);
        Assert.That(await sending, Is.EqualTo(1));
    }

    [Test]
    public async Task An_encoder_is_stopped_at_the_first_byte_that_is_too_many(
        [Values(1, 13, 1_001)] int step, [Values] bool queued)
    {
        var wire = await OpenBlockedAsync(queued, maxMessageSize: 1_000);
        var after = false;
        var tooLarge = new Blob
        {
            Encoder = output =>
            {
                WriteChunks(output, 1_001, step, 1);
                after = true;
            },
        };
        Assert.That(async () => await wire.Connection.SendAsync(tooLarge), Throws.TypeOf<GhmsMessageTooLargeException>());
        Assert.That(after, Is.False, "The encoder should have been stopped.");
        await wire.Connection.SendAsync(new Blob { Encoder = output => WriteChunks(output, 1_000, step, 2) });
        await SkipBlockerAsync(wire, queued);
        await wire.ExpectAsync(Blob.Of(2, 1_000).Data);
    }

    [Test]
    public async Task What_the_peer_does_not_accept_fails_the_send_alone([Values] bool queued)
    {
        var wire = await OpenBlockedAsync(queued, fields: "GHMS-Max-Message-Size: 500\r\n");
        Assert.That(async () => await wire.Connection.SendAsync(Blob.Of(1, 501)), Throws.TypeOf<GhmsMessageTooLargeException>());
        await wire.Connection.SendAsync(Blob.Of(2, 500));
        await SkipBlockerAsync(wire, queued);
        await wire.ExpectAsync(Blob.Of(2, 500).Data);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_buffer_that_an_encoder_keeps_is_dead(bool queued)
    {
        var wire = await OpenBlockedAsync(queued);
        IBufferWriter<byte>? kept = null;
        await wire.Connection.SendAsync(new Blob { Encoder = output => kept = output });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => kept!.GetSpan(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => kept!.GetMemory(10), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => kept!.Advance(0), Throws.TypeOf<ObjectDisposedException>());
        }
    }

    [Test]
    public async Task An_encoder_cannot_advance_beyond_what_it_was_given_or_backwards()
    {
        var wire = await OpenBlockedAsync(queued: false);
        var far = new Blob { Encoder = output => output.Advance(output.GetSpan().Length + 1) };
        var back = new Blob { Encoder = output => output.Advance(-1) };
        Assert.That(async () => await wire.Connection.SendAsync(far), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(async () => await wire.Connection.SendAsync(back), Throws.InstanceOf<ArgumentOutOfRangeException>());
        await wire.Connection.SendAsync(Blob.Of(3));
        await wire.ExpectAsync(Blob.Of(3).Data);
    }

    private static void WriteChunks(IBufferWriter<byte> output, int size, int step, byte value)
    {
        for (; size > 0; size -= step)
        {
            var chunk = Math.Min(size, step);
            output.GetSpan(chunk)[..chunk].Fill(value);
            output.Advance(chunk);
        }
    }

    // On the queued path a first message occupies the writer: its flush is pending until the peer reads.
    private async Task<Wire> OpenBlockedAsync(bool queued, int maxMessageSize = Ghms.MaxMessageSize, string fields = "")
    {
        var wire = await OpenAsync(
            BuildBlobs(builder => builder.Configure(options => options.MaxMessageSize = maxMessageSize)),
            queued ? Stalling : new InMemoryOptions { PauseThreshold = 4_000_000 },
            fields);
        if (queued)
        {
            await wire.Connection.SendAsync(Blob.Of(Blocker));
        }

        return wire;
    }

    private static async Task SkipBlockerAsync(Wire wire, bool queued)
    {
        if (queued)
        {
            await wire.ExpectAsync(Blob.Of(Blocker).Data);
        }
    }
}
