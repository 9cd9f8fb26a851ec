using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Client.Reconnecting;

/// <summary>Which server a client tries, and what servers say about when to come back.</summary>
internal sealed class ServerChoiceTests : ReconnectFixture
{
    private static TimeSpan AfterEarlyEnd => TimeSpan.FromSeconds(5);

    [Test]
    public async Task The_first_server_is_preferred_and_the_next_one_tried_at_once()
    {
        Network.Down(1);
        Network.Up(BuildServer(), 2);
        var client = BuildClient(ports: [1, 2]);
        await client.ConnectAsync().InTime();
        await ExpectAttemptsAsync(1, 2);
        Time.Advance(AfterEarlyEnd);
        Network.Up(BuildServer(), 1);
        Network.Break();
        await ReconnectedAsync();
        await ExpectAttemptsAsync(1);
    }

    [Test]
    public async Task When_all_are_down_the_wait_is_for_the_whole_round()
    {
        Network.Down(1);
        Network.Down(2);
        var client = BuildClient(options => options.MaxAttempts = 2, ports: [1, 2]);
        var connecting = client.ConnectAsync();
        await ExpectWaitAsync(Ms(100));
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<IOException>());
        await ExpectAttemptsAsync(1, 2, 1, 2);
    }

    [Test]
    public async Task What_is_impossible_at_one_server_is_no_reason_to_give_up_the_others([Values] bool isFirst)
    {
        var (odd, other) = isFirst ? (1, 2) : (2, 1);
        Network.Set(odd, _ => throw new NotSupportedException("odd"));
        Network.Down(other);
        var client = BuildClient(ports: [1, 2]);
        var connecting = client.ConnectAsync();
        await ExpectWaitAsync(Ms(100));
        await UntilAsync(GhmsClientState.Waiting);
        Network.Up(BuildServer(), other);
        Time.Advance(Ms(200));
        await connecting.InTime();
    }

    [Test]
    public async Task What_is_impossible_everywhere_is_not_tried_again()
    {
        Network.Set(1, _ => throw new NotSupportedException("odd"));
        Network.Set(2, _ => throw new ArgumentException("odd as well"));
        await Assert.ThatAsync(() => BuildClient(ports: [1, 2]).ConnectAsync().InTime(), Throws.ArgumentException);
        await ExpectAttemptsAsync(1, 2);
    }

    [Test]
    public async Task What_has_worked_once_is_tried_again_whatever_is_thrown_meanwhile()
    {
        Network.Up(BuildServer());
        var client = BuildClient();
        await client.ConnectAsync().InTime();
        await UntilAsync(GhmsClientState.Connected);
        Time.Advance(AfterEarlyEnd);
        Network.Set(80, _ => throw new ArgumentException("a middleware's own"));
        Network.Break();
        await ExpectWaitAsync(Ms(100));
        await UntilAsync(GhmsClientState.Waiting);
        Network.Up(BuildServer());
        Time.Advance(Ms(200));
        await UntilAsync(GhmsClientState.Connected);
    }

    [Test]
    public async Task A_client_without_reconnection_tries_each_server_once()
    {
        Network.Down(1);
        Network.Down(2);
        var client = Own(Builder(1, 2).Build());
        Assert.That(async () => await client.ConnectAsync().InTime(), Throws.TypeOf<IOException>());
        await ExpectAttemptsAsync(1, 2);
    }

    [Test]
    public async Task Shuffled_servers_are_tried_in_another_order_each_round()
    {
        foreach (var port in new[] { 1, 2, 3 })
        {
            Network.Down(port);
        }

        var drawn = new Queue<double>([0.5, 0.1, 0.9, 0 /* the wait */, 0.3, 0.2, 0.1]);
        var client = BuildClient(options => (options.ShuffleEndPoints, options.MaxAttempts) = (true, 2), builder => builder.Jitter = drawn.Dequeue, 1, 2, 3);
        drawn.Enqueue(0);
        Assert.That(async () => await client.ConnectAsync().InTime(), Throws.TypeOf<IOException>());
        await ExpectAttemptsAsync(2, 1, 3, 3, 2, 1);
    }

    [Test]
    public async Task A_server_that_stops_says_when_to_come_back()
    {
        var server = BuildServer(builder => builder.Configure(options => options.RetryAfter = TimeSpan.FromSeconds(7)));
        Network.Up(server);
        var client = BuildClient();
        await client.ConnectAsync().InTime();
        Time.Advance(AfterEarlyEnd);
        await server.CloseAsync().InTime();
        Network.Up(BuildServer());
        await ExpectWaitAsync(Ms(7_100));
        await UntilAsync(GhmsClientState.Connected);
    }

    [Test]
    public async Task A_server_that_says_when_to_come_back_does_not_keep_the_client_from_another()
    {
        var server = BuildServer(builder => builder.Configure(options => options.RetryAfter = TimeSpan.FromSeconds(7)));
        Network.Up(server, 1);
        Network.Up(BuildServer(), 2);
        var client = BuildClient(ports: [1, 2]);
        await client.ConnectAsync().InTime();
        Time.Advance(AfterEarlyEnd);
        await server.CloseAsync().InTime();
        await ReconnectedAsync();
        await ExpectAttemptsAsync(1, 2);
    }

    [Test]
    public async Task A_busy_server_s_refusal_says_when_to_come_back()
    {
        Network.Script(new ScriptedServer("HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", finish: true));
        var connecting = BuildClient().ConnectAsync();
        await UntilAsync(GhmsClientState.Connecting);
        Network.Up(BuildServer());
        await ExpectWaitAsync(Ms(3_100));
        await connecting.InTime();
    }

    [Test]
    public async Task Who_is_turned_out_of_a_connection_that_worked_does_not_come_back_at_once()
    {
        var server = BuildServer();
        Network.Up(server);
        var client = BuildClient();
        await client.ConnectAsync().InTime();
        Time.Advance(AfterEarlyEnd);
        await server.Connections.Single().CloseAsync(CloseStatus.PolicyViolation).InTime();
        await ExpectWaitAsync(Ms(100));
        await UntilAsync(GhmsClientState.Connected);
    }

    [Test]
    public async Task Who_is_turned_out_early_is_refused_in_all_but_name()
    {
        var server = BuildServer();
        Network.Up(server);
        var client = BuildClient();
        await client.ConnectAsync().InTime();
        Time.Advance(AfterEarlyEnd - Ms(1));
        await server.Connections.Single().CloseAsync(CloseStatus.PolicyViolation).InTime();
        await ExpectWaitAsync(TimeSpan.FromSeconds(10));
        await UntilAsync(GhmsClientState.Connected);
    }

    private async Task ReconnectedAsync()
    {
        await UntilAsync(GhmsClientState.Connected);
        await UntilAsync(GhmsClientState.Connected);
    }

    private async Task ExpectAttemptsAsync(params int[] ports)
    {
        foreach (var port in ports)
        {
            Assert.That(await Network.NextAttemptAsync(), Is.EqualTo(port));
        }

        Assert.That(Network.Attempts, Is.Zero);
    }
}
