using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Inbound;

/// <summary>However bytes arrive, messages come out whole; what ends in the middle of one is told from what ends between two.</summary>
internal sealed class FramingTests : WireFixture
{
    // A write to such a transport is done when the read loop has seen every byte of it.
    private static InMemoryOptions Stepping => new() { PauseThreshold = 1 };

    [Test]
    public async Task Frames_split_anywhere_are_handled_whole_and_in_order()
    {
        byte[] bytes =
        [
            .. RawPeer.Frame(Blob.Code, Blob.Of(1, 3).Data),
            .. RawPeer.Frame(Ghms.HeartbeatCode, []),
            .. RawPeer.Frame(Blob.Code, []),
            .. RawPeer.Frame(Blob.Code, Blob.Of(2, 20).Data),
        ];
        var wire = await OpenAsync(BuildEcho(), Stepping);
        for (var split = 0; split <= bytes.Length; split++)
        {
            await wire.Peer.SendAsync(bytes.AsMemory(0, split));
            var second = wire.Peer.SendAsync(bytes.AsMemory(split));
            await wire.ExpectAsync(Blob.Of(1, 3).Data);
            Assert.That(await wire.ReadAsync(), Is.Empty);
            await wire.ExpectAsync(Blob.Of(2, 20).Data);
            await second.WaitAsync(Patience);
        }
    }

    [Test]
    public async Task A_large_message_may_come_in_thousands_of_segments()
    {
        var wire = await OpenAsync(BuildEcho(), new InMemoryOptions { SegmentSize = 16 });
        await wire.SendAsync(9, 200_000);
        await wire.ExpectAsync(Blob.Of(9, 200_000).Data);
    }

    [TestCase(1)]
    [TestCase(FrameHeader.Size - 1)]
    [TestCase(FrameHeader.Size)]
    [TestCase(FrameHeader.Size + 1)]
    public async Task An_end_inside_a_message_is_1002_behind_the_answers_to_what_was_whole(int partial)
    {
        var wire = await OpenAsync(BuildEcho());
        await wire.Peer.SendAsync((byte[])[.. RawPeer.Frame(Blob.Code, Blob.Of(1).Data), .. RawPeer.Frame(Blob.Code, Blob.Of(2, 2).Data)[..partial]]);
        await wire.Peer.FinishAsync();
        await wire.ExpectAsync(Blob.Of(1).Data);
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.ProtocolError));
        await wire.Connection.Completion.WaitAsync(Patience);
        Assert.That(wire.Connection.End, Has.Property(nameof(ConnectionEnd.Cause)).EqualTo(ConnectionEndCause.ClosedHere));
    }

    [Test]
    public async Task What_came_before_a_broken_message_is_handled_first([Values] bool pending)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var wire = await OpenAsync(BuildBlobs(builder => builder.Handle<Blob>(async (connection, blob, ct) =>
        {
            if (pending)
            {
                await release.Task;
            }

            await connection.SendAsync(blob, ct);
        })));
        await wire.Peer.SendAsync((byte[])[.. RawPeer.Frame(Blob.Code, [1]), .. RawPeer.Frame(Blob.Code, [2]), .. RawPeer.Frame(99, [])]);
        release.SetResult();
        Assert.That(await wire.ReadAsync(), Is.EqualTo(new byte[] { 1 }));
        Assert.That(await wire.ReadAsync(), Is.EqualTo(new byte[] { 2 }));
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.UnknownMessageCode));
    }

    [TestCase(Ghms.HeartbeatCode, 1, CloseStatus.ProtocolError)]
    [TestCase(Ghms.CloseCode, 0, CloseStatus.ProtocolError)]
    [TestCase(Ghms.CloseCode, 1, CloseStatus.ProtocolError)]
    [TestCase(Ghms.CloseCode, 126, CloseStatus.ProtocolError)]
    [TestCase(Blob.Code, 1_001, CloseStatus.MessageTooBig)]
    [TestCase(99u, 1_001, CloseStatus.MessageTooBig)]
    [TestCase(99u, 0, CloseStatus.UnknownMessageCode)]
    public async Task A_header_that_breaks_a_rule_is_refused_before_its_payload_arrives(uint code, int length, CloseStatus expected)
    {
        var wire = await OpenAsync(BuildBlobs(builder => builder.Configure(options => options.MaxMessageSize = 1_000)));
        await wire.Peer.SendAsync(code == Ghms.CloseCode && length < 2
            ? RawPeer.Frame(code, new byte[length])
            : RawPeer.Frame(code, new byte[length])[..FrameHeader.Size]);
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(expected));
    }

    [Test]
    public async Task A_payload_that_cannot_be_decoded_is_1007()
    {
        var wire = await OpenAsync(BuildBlobs(builder =>
        {
            builder.Definition.Messages.Clear();
            builder.AddMessage<Blob>(Blob.Code, () => throw new FormatException("Injected."));
        }));
        await wire.SendAsync(1);
        Assert.That((await wire.Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.InvalidPayload));
    }
}
