using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W8: what is sent while a batch is handled leaves in one flush, and never later than it must.</summary>
internal sealed class CorkTests : WireFixture
{
    private const int Batch = 100;

    [Test]
    public async Task A_batch_of_a_hundred_echoes_is_one_flush()
    {
        var wire = await OpenAsync(BuildEcho());
        var before = wire.Output.Flushes;
        await wire.Peer.SendAsync(LimitTests.Frames(Batch));
        await ReadBatchAsync(wire);
        Assert.That(wire.Output.Flushes - before, Is.EqualTo(1));
    }

    [Test]
    public async Task A_batch_of_a_hundred_relayed_messages_is_one_flush()
    {
        var wire = await OpenAsync(BuildBlobs(builder =>
        {
            builder.Definition.Messages.Clear();
            builder.HandleRaw(async (connection, raw, ct) => await connection.SendAsync(raw, ct));
        }));
        var before = wire.Output.Flushes;
        await wire.Peer.SendAsync(LimitTests.Frames(Batch));
        await ReadBatchAsync(wire);
        Assert.That(wire.Output.Flushes - before, Is.EqualTo(1));
    }

    [Test]
    public async Task Sends_to_other_connections_share_flushes_too()
    {
        var broker = BuildBlobs(builder => builder.Handle<Blob>(async (connection, blob, ct) => await connection.Broker.SendAsync(blob, ct)));
        Wire[] wires = [await OpenAsync(broker), await OpenAsync(broker), await OpenAsync(broker)];
        var before = wires.Select(wire => wire.Output.Flushes).ToArray();
        await wires[0].Peer.SendAsync(LimitTests.Frames(Batch));
        foreach (var wire in wires)
        {
            await ReadBatchAsync(wire);
        }

        Assert.That(wires.Zip(before, (wire, flushes) => wire.Output.Flushes - flushes), Is.All.EqualTo(1));
    }

    [Test]
    public async Task A_batch_is_flushed_at_48_KiB()
    {
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, _, ct) =>
            await connection.SendAsync(Blob.Of(1, 4_096 - FrameHeader.Size), ct))), new InMemoryOptions { PauseThreshold = 1_000_000 });
        var before = wire.Output.Flushes;
        await wire.Peer.SendAsync(LimitTests.Frames(36));
        await wire.SkipAsync(36 * 4_096);
        Assert.That(wire.Output.Flushes - before, Is.EqualTo(3));
    }

    [Test]
    public async Task A_batch_is_flushed_a_millisecond_after_its_first_frame()
    {
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, blob, ct) =>
        {
            await connection.SendAsync(blob, ct);
            Time.Advance(TimeSpan.FromMilliseconds(0.5));
        })));
        var before = wire.Output.Flushes;
        await wire.Peer.SendAsync(LimitTests.Frames(10));
        await ReadBatchAsync(wire, 10);
        Assert.That(wire.Output.Flushes - before, Is.EqualTo(5));
    }

    [Test]
    public async Task A_batch_waits_longer_for_the_sake_of_many_as_its_flush_does()
    {
        const int Others = 500;
        var broker = BuildBlobs(builder => builder.Configure(options => options.MaxConnections = Others + 1).Handle<Blob>(async (connection, blob, ct) =>
        {
            await connection.Broker.SendAsync(blob, ct);
            Time.Advance(TimeSpan.FromMilliseconds(0.5));
        }));
        var wire = await OpenAsync(broker);
        for (var i = 0; i < Others; i++)
        {
            await OpenAsync(broker);
        }

        var before = wire.Output.Flushes;
        await wire.Peer.SendAsync(LimitTests.Frames(9));
        await ReadBatchAsync(wire, 9);
        Assert.That(wire.Output.Flushes - before, Is.EqualTo(3), "One for three messages, that is for 1.5 ms.");
    }

    [Test]
    public async Task A_handler_may_ask_its_own_peer_and_wait_for_the_answer()
    {
        var pipe = new AnswerPipe();
        var wire = await OpenAsync(BuildBlobs(builder => builder
            .UsePipe(pipe)
            .Handle<Blob>(async (connection, _, ct) =>
            {
                await connection.SendAsync(Blob.Of(1), ct);
                var answer = await pipe.Answered.Task.WaitAsync(ct);
                await connection.SendAsync(Blob.Of(answer), ct);
            })));

        // More messages wait behind the one whose handler is pending.
        await wire.Peer.SendAsync(LimitTests.Frames(1));
        await wire.ExpectAsync(Blob.Of(1).Data);
        await wire.Peer.SendAsync(LimitTests.Frames(1));
        await wire.Peer.SendAsync(RawPeer.Frame(AnswerPipe.Code, [42]));
        await wire.ExpectAsync(Blob.Of(42).Data);
        await wire.ExpectAsync(Blob.Of(1).Data);
    }

    [Test]
    public async Task Ten_thousand_tiny_messages_answered_with_a_hundred_kilobytes_stay_under_the_hard_limit()
    {
        const int Messages = 10_000;
        const int Size = 100_000;
        var most = 0L;
        var answer = Blob.Of(7, Size);
        var broker = BuildBlobs(builder => builder.Handle<Blob>(async (connection, _, ct) =>
        {
            await connection.SendAsync(answer, ct);
            most = Math.Max(most, connection.PendingBytes);
        }));
        var wire = await OpenAsync(broker);
        var asking = wire.Peer.SendAsync(LimitTests.Frames(Messages));
        await wire.SkipAsync(Messages * (long)(FrameHeader.Size + Size));
        await asking.WaitAsync(Patience);
        Assert.That(most, Is.GreaterThan(0).And.LessThanOrEqualTo(new OutboundOptions().HardLimit));
        Assert.That(broker.GetStats().Sent, Is.EqualTo(Messages));
    }

    private static async Task ReadBatchAsync(Wire wire, int count = Batch)
    {
        for (var i = 0; i < count; i++)
        {
            await wire.ExpectAsync(Blob.Of(i).Data);
        }
    }

    private sealed class Answer : IBinaryMessage
    {
        public byte Value { get; private set; }

        public void Write(System.Buffers.IBufferWriter<byte> output) => throw new NotSupportedException();

        public void Read(System.Buffers.ReadOnlySequence<byte> payload) => Value = payload.FirstSpan[0];
    }

    private sealed class AnswerPipe : GhmsPipe
    {
        public const uint Code = Ghms.FirstExtensionCode + 0x10;

        public TaskCompletionSource<int> Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected internal override void Start(PipeContext context) =>
            context.AddMessage(MessageRegistration.Create(Code, () => new Answer(), kind: MessageKind.ImmediateExtension));

        protected internal override ValueTask HandleAsync(
            GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            if (message is not Answer answer)
            {
                return next(connection, message, cancellationToken);
            }

            Answered.TrySetResult(answer.Value);
            return ValueTask.CompletedTask;
        }
    }
}
