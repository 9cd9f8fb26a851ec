using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

[Parallelizable(ParallelScope.Children)]
internal sealed class EchoServerOptionsTests
{
    [TestCase("--unknown")]
    [TestCase("--unknown", "1")]
    [TestCase("stray")]
    [TestCase("--port")]
    [TestCase("--port", "65536")]
    [TestCase("--port", "-1")]
    [TestCase("--port", "12x")]
    [TestCase("--path", "orders")]
    [TestCase("--path")]
    [TestCase("--max-message-size", "0")]
    [TestCase("--max-connections", "0")]
    [TestCase("--timeout", "99")]
    [TestCase("--timeout", "3600001")]
    [TestCase("--header-timeout", "0")]
    public async Task A_bad_option_prints_usage_to_stderr_and_exits_with_2(params string[] args)
    {
        var ended = await Programs.RunAsync(Programs.EchoServer(args));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.EqualTo(2));
            Assert.That(ended.Errors, Does.Contain("--max-message-size"));
            Assert.That(ended.Output, Is.Empty);
        }
    }

    [Test]
    public async Task A_port_in_use_is_one_line_on_stderr()
    {
        await using var server = await EchoProcess.StartAsync();
        var ended = await Programs.RunAsync(Programs.EchoServer("--port", $"{server.Port}"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("in use"));
            Assert.That(ended.Errors.Trim(), Does.Not.Contain("\n"));
            Assert.That(ended.Output, Is.Empty);
        }
    }

    [Test]
    public async Task The_options_show_in_the_answer_to_an_upgrade()
    {
        await using var server = await EchoProcess.StartAsync("--max-message-size", "5000", "--timeout", "12345", "--path", "/orders");
        using var peer = await WirePeer.ConnectAsync(server.Port);
        await peer.SendAsync(WirePeer.Request("/orders"));
        var accepted = await peer.ReadResponseAsync();
        using var stray = await WirePeer.ConnectAsync(server.Port);
        await stray.SendAsync(WirePeer.Request("/customers"));
        var refused = await stray.ReadResponseAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(accepted.Status, Is.EqualTo(101));
            Assert.That(accepted["GHMS-Max-Message-Size"], Is.EqualTo("5000"));
            Assert.That(accepted["GHMS-Timeout"], Is.EqualTo("12345"));
            Assert.That(refused.Status, Is.EqualTo(404));
        }
    }

    [Test]
    public async Task A_message_over_the_limit_is_1009()
    {
        await using var server = await EchoProcess.StartAsync("--max-message-size", "20");
        using var peer = await WirePeer.UpgradeAsync(server.Port);
        await peer.SendFrameAsync(10, """{"Word":"123456789"}""");
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"123456789"}""")));
        await peer.SendFrameAsync(10, """{"Word":"1234567890"}""");
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1009));
    }

    [Test]
    public async Task A_connection_over_the_limit_is_503_until_another_one_ends()
    {
        await using var server = await EchoProcess.StartAsync("--max-connections", "1");
        using var first = await WirePeer.UpgradeAsync(server.Port);
        using var second = await WirePeer.ConnectAsync(server.Port);
        await second.SendAsync(WirePeer.Request());
        var refused = await second.ReadResponseAsync();
        Assert.That(refused.Status, Is.EqualTo(503));
        Assert.That(refused["Retry-After"], Does.Match("^[0-9]+$"));

        // The slot is free once the server has let go of the first connection, which is what the end of its stream tells.
        first.Finish();
        await first.ReadFinAsync();
        using var third = await Retry.UpgradeAsync(server.Port);
        await third.EchoAsync();
    }

    [Test]
    public async Task A_peer_that_says_nothing_is_closed_with_1001_and_one_that_does_stays()
    {
        // Much longer than this test can be held up between two echoes.
        await using var server = await EchoProcess.StartAsync("--timeout", "5000");
        using var silent = await WirePeer.UpgradeAsync(server.Port);
        using var alive = await WirePeer.UpgradeAsync(server.Port);
        var closed = silent.ReadCloseAsync();
        while (!closed.IsCompleted)
        {
            await alive.EchoAsync();
        }

        Assert.That(await closed, Is.EqualTo(1001));
        await alive.EchoAsync();
    }

    [Test]
    public async Task A_head_that_does_not_come_in_time_is_408_and_no_head_at_all_is_silence()
    {
        // Much longer than this test can be held up before it has sent half a head.
        await using var server = await EchoProcess.StartAsync("--header-timeout", "5000");
        using var half = await WirePeer.ConnectAsync(server.Port);
        await half.SendAsync("GET / HTTP/1.1\r\nHost: local");
        using var mute = await WirePeer.ConnectAsync(server.Port);
        Assert.That((await half.ReadResponseAsync()).Status, Is.EqualTo(408));
        Assert.That(await mute.ReadHeadAsync(), Is.Null);
    }

    [TestCase("TERM")]
    [TestCase("INT")]
    public async Task A_signal_closes_every_connection_with_1001_and_ends_the_process_with_0(string signal)
    {
        await using var server = await EchoProcess.StartAsync();
        var peers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => WirePeer.UpgradeAsync(server.Port)));
        using var unfinished = await WirePeer.ConnectAsync(server.Port);
        await unfinished.SendAsync("GET / HTTP/1.1\r\n");
        using var mute = await WirePeer.ConnectAsync(server.Port);
        await peers[0].EchoAsync();

        await server.SignalAsync(signal);
        var statuses = await Task.WhenAll(peers.Select(peer => peer.ReadCloseAsync()));
        var ended = await server.EndAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(statuses, Is.All.EqualTo(1001));
            Assert.That(ended.ExitCode, Is.Zero);
            Assert.That(ended.Output, Is.Empty);
            Assert.That(ended.Errors, Is.Empty);
        }

        Array.ForEach(peers, peer => peer.Dispose());
    }
}
