namespace Bedrock.Ghms.Baseline.Tests;

[TestFixture(typeof(MessagePackCodec), false)]
[TestFixture(typeof(MessagePackCodec), true)]
[TestFixture(typeof(BytesCodec), false)]
[TestFixture(typeof(BytesCodec), true)]
[CancelAfter(60_000)]
internal sealed class FanOutTests<TCodec>(bool shareFlush)
    where TCodec : ICodec
{
    private FanOutHandler<TCodec> _handler = null!;
    private BaselineServer _server = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _handler = new FanOutHandler<TCodec>(new Counter(), shareFlush);
        _server = await BaselineServer.StartAsync(_handler);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _server.DisposeAsync();
        _handler.Dispose();
    }

    [Test]
    public async Task Announcements_reach_every_connection_once_and_in_order()
    {
        BaselineClient[] clients = await ConnectAsync(5);
        byte[] frames = Frames.Many(MessageCode.Announcement, 5_000);
        Task sending = clients[0].SendAsync(frames);
        byte[][] received = await Task.WhenAll(clients.Select(client => client.ReadAsync(frames.Length)));
        await sending;
        Assert.That(received, Is.All.EqualTo(frames));

        // Nothing more is on its way: the next bytes are those of an echo.
        byte[] echo = Frames.Encode(MessageCode.Echo, "last");
        foreach (BaselineClient client in clients)
        {
            await client.SendAsync(echo);
            Assert.That(await client.ReadAsync(echo.Length), Is.EqualTo(echo));
            client.Dispose();
        }
    }

    [Test]
    public async Task Announcements_from_several_connections_stay_whole()
    {
        BaselineClient[] clients = await ConnectAsync(4);
        byte[] frame = Frames.Encode(MessageCode.Announcement, new string('w', 3_000));
        byte[] frames = [.. Enumerable.Repeat(frame, 500).SelectMany(bytes => bytes)];
        byte[] expected = [.. Enumerable.Repeat(frames, clients.Length).SelectMany(bytes => bytes)];
        Task[] sending = [.. clients.Select(client => client.SendAsync(frames))];
        byte[][] received = await Task.WhenAll(clients.Select(client => client.ReadAsync(expected.Length)));
        await Task.WhenAll(sending);
        Assert.That(received.All(bytes => bytes.AsSpan().SequenceEqual(expected)), Is.True);
        Array.ForEach(clients, client => client.Dispose());
    }

    [Test]
    public async Task An_echo_comes_after_the_announcements_before_it()
    {
        using BaselineClient client = await BaselineClient.UpgradeAsync(_server.EndPoint);
        byte[] frames =
        [
            .. Frames.Encode(MessageCode.Announcement, "first"),
            .. Frames.Encode(MessageCode.Echo, "second"),
            .. Frames.Encode(MessageCode.Announcement, "third"),
        ];
        await client.SendAsync(frames);
        Assert.That(await client.ReadAsync(frames.Length), Is.EqualTo(frames));
    }

    [Test]
    public async Task Connections_that_leave_do_not_disturb_the_others()
    {
        BaselineClient[] clients = await ConnectAsync(3);
        byte[] frames = Frames.Many(MessageCode.Announcement, 20_000);
        Task sending = clients[0].SendAsync(frames);
        Task<byte[]> reading = clients[0].ReadAsync(frames.Length);
        await clients[1].ReadAsync(1_000);
        clients[1].Dispose();
        clients[2].Dispose();
        Assert.That((await reading).AsSpan().SequenceEqual(frames), Is.True);
        await sending;
        clients[0].Dispose();
    }

    private Task<BaselineClient[]> ConnectAsync(int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => BaselineClient.UpgradeAsync(_server.EndPoint)));
}
