using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>What handlers may await on their own connection without waiting for themselves.</summary>
internal sealed class HandlerTests : ServerFixture
{
    [Test]
    public async Task A_handler_may_flush_its_connection_and_wait_for_what_its_peer_does_then()
    {
        var received = new TaskCompletionSource();
        var port = await ServeAsync(async (connection, _, ct) =>
        {
            await connection.SendAsync(new Message { Word = "first" }, ct);
            await connection.FlushAsync(ct);
            await received.Task;
            await connection.SendAsync(new Message { Word = "second" }, ct);
        });
        using var peer = await AskAsync(port);
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"first"}""")));
        received.SetResult();
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"second"}""")));
    }

    [Test]
    public async Task A_handler_may_flush_the_whole_broker()
    {
        var port = await ServeAsync(async (connection, message, ct) =>
        {
            await connection.Broker.SendAsync(message, ct);
            await connection.Broker.FlushAsync(ct);
            await connection.SendAsync(new Message { Word = "flushed" }, ct);
        });
        using var peer = await AskAsync(port);
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"x"}""")));
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"flushed"}""")));
    }

    [Test]
    public async Task A_handler_may_close_its_connection_and_what_it_sent_before_arrives()
    {
        var done = new TaskCompletionSource<bool>();
        var port = await ServeAsync(async (connection, message, ct) =>
        {
            await connection.SendAsync(message, ct);
            await connection.CloseAsync(CloseStatus.TryAgainLater, "later");
            done.SetResult(connection.Completion.IsCompleted);
        });
        using var peer = await AskAsync(port);
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"x"}""")));
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1013));
        Assert.That(await done.Task.WaitAsync(Patience.Long), Is.False);
    }

    [Test]
    public async Task A_handler_may_close_the_whole_broker()
    {
        var done = new TaskCompletionSource();
        var port = await ServeAsync(async (connection, _, _) =>
        {
            await connection.Broker.CloseAsync();
            done.SetResult();
        });
        using var other = await WirePeer.UpgradeAsync(port);
        using var peer = await AskAsync(port);
        Assert.That(await Task.WhenAll(peer.ReadCloseAsync(), other.ReadCloseAsync()), Is.All.EqualTo(1001));
        await done.Task.WaitAsync(Patience.Long);

        using var late = await WirePeer.ConnectAsync(port);
        await late.SendAsync(WirePeer.Request());
        Assert.That((await late.ReadResponseAsync()).Status, Is.EqualTo(503));
    }

    [Test]
    public async Task A_handler_that_waits_does_not_keep_its_connection_from_answering_a_Close()
    {
        var entered = new TaskCompletionSource();
        var ended = new TaskCompletionSource<CloseStatus?>();
        var port = await ServeAsync(async (connection, _, ct) =>
        {
            entered.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            catch (OperationCanceledException)
            {
                ended.SetResult(connection.End?.Status);
            }
        });
        using var peer = await AskAsync(port);
        await entered.Task.WaitAsync(Patience.Long);
        await peer.SendAsync(WirePeer.Frame(WirePeer.Close, [0x0F, 0xA0]));
        await peer.ReadFinAsync();
        Assert.That(await ended.Task.WaitAsync(Patience.Long), Is.EqualTo((CloseStatus)4_000));
    }

    [Test]
    public async Task A_handler_that_throws_ends_its_own_connection_alone_and_is_logged_once()
    {
        HandlersFail = true;
        var port = await ServeAsync(async (connection, message, ct) =>
        {
            await connection.SendAsync(message, ct);
            await Task.Yield();
            throw new InvalidOperationException("on purpose");
        });
        using var other = await WirePeer.UpgradeAsync(port);
        using var peer = await AskAsync(port);
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"x"}""")));
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1011));
        await other.SendAsync(WirePeer.Frame(WirePeer.Heartbeat, []));
        other.Finish();
        await other.ReadFinAsync();
        var failures = Log.Records.Where(record => record.Event.Name == "HandlerFailed").ToList();
        Assert.That(failures, Has.Count.EqualTo(1));
        Assert.That(failures[0].Exception?.Message, Is.EqualTo("on purpose"));
    }

    private async Task<int> ServeAsync(MessageHandler<Message> handler) =>
        PortOf(await StartAsync(builder => builder.AddJson().AddMessage<Message>(code: 10).Handle(handler)));

    private static async Task<WirePeer> AskAsync(int port)
    {
        var peer = await WirePeer.UpgradeAsync(port);
        await peer.SendFrameAsync(10, """{"Word":"x"}""");
        return peer;
    }
}
