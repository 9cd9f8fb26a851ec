using System.Buffers.Binary;

namespace Bedrock.Ghms.Baseline.Tests;

/// <summary>What every handler of the baseline owes its connections.</summary>
[TestFixture(typeof(EchoHandler<MessagePackCodec>))]
[TestFixture(typeof(EchoHandler<BytesCodec>))]
[TestFixture(typeof(FanOutHandler<MessagePackCodec>), false)]
[TestFixture(typeof(FanOutHandler<BytesCodec>), false)]
[TestFixture(typeof(FanOutHandler<BytesCodec>), true)]
[CancelAfter(60_000)]
internal sealed class HandlerTests(Type type, params object[] arguments)
{
    private readonly Counter _handled = new();
    private BaselineServer _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await BaselineServer.StartAsync(
        (FramedHandler)Activator.CreateInstance(type, [_handled, .. arguments])!);

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task A_request_is_answered_with_101_even_if_it_trickles_in()
    {
        using BaselineClient client = await BaselineClient.ConnectAsync(_server.EndPoint);
        await client.TrickleAsync([.. "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8]);
        string response = await client.ReadResponseAsync();
        Assert.That(response, Does.StartWith("HTTP/1.1 101 Switching Protocols\r\n"));
        Assert.That(response, Does.Contain("\r\nUpgrade: GHMS/0.1\r\n"));
    }

    [Test]
    public async Task Messages_that_come_with_the_request_are_handled()
    {
        using BaselineClient client = await BaselineClient.ConnectAsync(_server.EndPoint);
        byte[] frame = Frames.Encode(MessageCode.Echo, "early");
        await client.SendAsync((byte[])[.. "GET / HTTP/1.1\r\n\r\n"u8, .. frame]);
        await client.ReadResponseAsync();
        Assert.That(await client.ReadAsync(frame.Length), Is.EqualTo(frame));
    }

    [Test]
    public async Task A_request_without_end_is_not_awaited_forever()
    {
        using BaselineClient client = await BaselineClient.ConnectAsync(_server.EndPoint);
        await client.SendAsync(new byte[50_000]);
        Assert.That(await client.HasEndedAsync(), Is.True);
    }

    [Test]
    public async Task Messages_that_trickle_in_are_echoed()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        byte[] frames = Frames.Many(MessageCode.Echo, 40);
        await client.TrickleAsync(frames);
        Assert.That(await client.ReadAsync(frames.Length), Is.EqualTo(frames));
    }

    [Test]
    public async Task Ten_thousand_pipelined_messages_come_back_to_the_byte()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        long before = _handled.Value;
        byte[] frames = Frames.Many(MessageCode.Echo, 10_000);
        Task sending = client.SendAsync(frames);
        Assert.That(await client.ReadAsync(frames.Length), Is.EqualTo(frames));
        await sending;
        Assert.That(_handled.Value - before, Is.EqualTo(10_000));
    }

    [Test]
    public async Task A_sender_that_reads_only_later_loses_nothing()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        byte[] frames = Frames.Many(MessageCode.Echo, 200_000);
        Task sending = client.SendAsync(frames);
        Assert.That((await client.ReadAsync(frames.Length)).AsSpan().SequenceEqual(frames), Is.True);
        await sending;
    }

    [Test]
    public async Task Big_messages_among_small_ones_are_echoed()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        byte[] small = Frames.Encode(MessageCode.Echo, "small");
        byte[] big = Frames.Encode(MessageCode.Echo, new string('x', Frame.MaxPayload - 11));
        Assert.That(big, Has.Length.EqualTo(Frame.HeaderSize + Frame.MaxPayload));
        byte[] frames = [.. small, .. big, .. small, .. big];
        Task sending = client.SendAsync(frames);
        Assert.That((await client.ReadAsync(frames.Length)).AsSpan().SequenceEqual(frames), Is.True);
        await sending;
    }

    [Test]
    public async Task A_message_over_the_limit_ends_the_connection_at_its_header()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        byte[] header = new byte[Frame.HeaderSize];
        BinaryPrimitives.WriteUInt32BigEndian(header, MessageCode.Echo);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), Frame.MaxPayload + 1);
        await client.SendAsync(header);
        Assert.That(await client.HasEndedAsync(), Is.True);
    }

    [Test]
    public async Task An_unknown_code_ends_its_own_connection_only()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        await client.SendAsync(Frames.Encode(999, "?"));
        Assert.That(await client.HasEndedAsync(), Is.True);
        using BaselineClient next = await BaselineClient.UpgradeAsync(_server.EndPoint);
    }

    [Test]
    public async Task A_heartbeat_is_neither_answered_nor_counted()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        long before = _handled.Value;
        byte[] echo = Frames.Encode(MessageCode.Echo, "after");
        await client.SendAsync((byte[])[.. Frames.Raw(MessageCode.Heartbeat, []), .. echo]);
        Assert.That(await client.ReadAsync(echo.Length), Is.EqualTo(echo));
        Assert.That(_handled.Value - before, Is.EqualTo(1));
    }

    [Test]
    public async Task The_end_of_the_input_ends_the_connection_after_its_answers()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        byte[] frames = Frames.Many(MessageCode.Echo, 1_000);
        await client.SendAsync((byte[])[.. frames, 0, 0, 0]);
        client.FinishSending();
        Assert.That(await client.ReadAsync(frames.Length), Is.EqualTo(frames));
        Assert.That(await client.HasEndedAsync(), Is.True);
    }
}
