using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>Limits on connections, and refusals that arrive whole.</summary>
internal sealed class AdmissionTests : ServerFixture
{
    private const int TooMuch = 200_000;

    [Test]
    public async Task Of_200_connects_at_once_at_limit_100_exactly_100_succeed_and_their_slots_can_be_used_again()
    {
        var app = await StartAsync(Echo, options => options.MaxConnections = 100);
        var peers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => WirePeer.ConnectAsync(PortOf(app))));
        var responses = await Task.WhenAll(peers.Select(async peer =>
        {
            await peer.SendAsync(WirePeer.Request());
            return await peer.ReadResponseAsync();
        }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(responses.Count(response => response.Status == 101), Is.EqualTo(100));
            Assert.That(responses.Count(response => response.Status == 503 && response["Retry-After"] is not null), Is.EqualTo(100));
        }

        await Task.WhenAll(peers.Select(async (peer, i) =>
        {
            if (responses[i].Status == 101)
            {
                await peer.EchoAsync();
            }

            peer.Finish();
            await peer.ReadFinAsync();
            peer.Dispose();
        }));

        // A slot is free a moment after its peer has seen the end, so these ask again until they are let in.
        var again = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Retry.UpgradeAsync(PortOf(app))));
        using var tooMany = await WirePeer.ConnectAsync(PortOf(app));
        await tooMany.SendAsync(WirePeer.Request());
        Assert.That((await tooMany.ReadResponseAsync()).Status, Is.EqualTo(503));
        await Task.WhenAll(again.Select(peer => peer.EchoAsync()));
        Array.ForEach(again, peer => peer.Dispose());
    }

    [Test]
    public async Task A_slot_is_free_again_however_its_connection_ended()
    {
        HandlersFail = true;
        var app = await StartAsync(Echo, options => options.MaxConnections = 1);
        Func<WirePeer, Task>[] ends =
        [
            peer => peer.SendAsync(WirePeer.Frame(0, [3, 232])),
            peer => peer.SendFrameAsync(99, ""),
            peer => peer.SendFrameAsync(13, """{"Word":"on purpose"}"""),
            peer => peer.SendAsync(new byte[] { 0, 0, 0, 10, 0 }),
            peer =>
            {
                peer.Reset();
                return Task.CompletedTask;
            },
        ];
        foreach (var end in ends)
        {
            var peer = await Retry.UpgradeAsync(PortOf(app));
            await peer.EchoAsync();
            await end(peer);
            peer.Dispose();
        }

        using var last = await Retry.UpgradeAsync(PortOf(app));
        await last.EchoAsync();
    }

    [TestCase("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n", 405)]
    [TestCase("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 426)]
    [TestCase("GET / HTTP/1.1\nHost: a\n\n", 400)]
    [TestCase("GET /../ HTTP/1.1\r\nHost: a\r\n\r\n", 404)]
    public async Task A_refusal_arrives_whole_though_the_peer_goes_on_sending(string request, int status)
    {
        var app = await StartAsync(TimelessEcho);
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(request);
        await peer.SendAsync(new byte[TooMuch]);
        var response = await peer.ReadResponseAsync();
        Assert.That(response.Status, Is.EqualTo(status));
        await peer.SendAsync(new byte[TooMuch]);
        peer.Finish();
        await peer.ReadFinAsync();
    }

    [Test]
    public async Task A_head_that_is_too_large_is_refused_while_the_peer_still_sends_it()
    {
        var app = await StartAsync(TimelessEcho);
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nX: " + new string('a', TooMuch));
        Assert.That((await peer.ReadResponseAsync()).Status, Is.EqualTo(431));
        peer.Finish();
        await peer.ReadFinAsync();
    }

    [TestCase(99u, 0u, 1003)]
    [TestCase(10u, 1_000_001u, 1009)]
    [TestCase(1u, 1u, 1002)]
    public async Task A_Close_arrives_whole_though_the_peer_goes_on_sending(uint code, uint length, int status)
    {
        var app = await StartAsync(TimelessEcho);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        var header = WirePeer.Frame(code, []);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), length);
        await peer.SendAsync(header);
        await peer.SendAsync(new byte[TooMuch]);
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(status));
    }

    [Test]
    public async Task Beyond_the_limit_of_unfinished_upgrades_a_connection_is_closed_without_an_answer()
    {
        var app = await StartAsync(Echo, options => options.Upgrade.MaxPending = 2);
        using var upgraded = await WirePeer.UpgradeAsync(PortOf(app));
        var pending = new List<WirePeer>();
        while (pending.Count < 3)
        {
            var peer = await WirePeer.ConnectAsync(PortOf(app));
            await peer.SendAsync("GET / HTTP/1.1\r\n");
            pending.Add(peer);
        }

        // Which of the three is turned away depends on who is accepted last; it alone sees an end, clean or reset.
        var ends = pending.ConvertAll(async peer =>
        {
            try
            {
                return await peer.ReadHeadAsync();
            }
            catch (System.Net.Sockets.SocketException)
            {
                return null;
            }
        });
        var first = await Task.WhenAny(ends).WaitAsync(Patience.Long);
        Assert.That(await first, Is.Null);
        await upgraded.EchoAsync();

        pending.RemoveAt(ends.IndexOf(first));
        await Task.WhenAll(pending.Select(async peer =>
        {
            await peer.SendAsync("Host: a\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n\r\n");
        }));
        ends.Remove(first);
        var heads = await Task.WhenAll(ends);
        Assert.That(heads, Is.All.StartWith("HTTP/1.1 101 "));
    }
}
