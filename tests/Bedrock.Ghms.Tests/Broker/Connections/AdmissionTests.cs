using System.IO.Pipelines;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Connections;

/// <summary>How many may come in, how long they may take, and how they are sent away.</summary>
internal sealed class AdmissionTests : BrokerFixture
{
    private const string NotGet = "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private static readonly InMemoryOptions Inline = new() { Scheduler = PipeScheduler.Inline };

    [TestCase(1, 5)]
    [TestCase(100, 200)]
    public async Task Of_many_that_start_at_once_as_many_as_the_limit_are_accepted(int limit, int started)
    {
        var server = new InMemoryServer(Make(options => options.MaxConnections = limit));
        var heads = await Task.WhenAll(Enumerable.Range(0, started).Select(_ => Task.Run(async () =>
        {
            var peer = new RawPeer(server.Connect());
            var head = await peer.UpgradeAsync();
            if (!head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
            {
                await peer.FinishAsync();
            }

            return head;
        }))).InTime();
        Assert.That(heads.Count(head => head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)), Is.EqualTo(limit));
        Assert.That(
            heads.Where(head => !head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)),
            Is.All.StartsWith("HTTP/1.1 503 ").And.All.Contains("\r\nRetry-After: 5\r\n"));
    }

    [Test]
    public async Task A_slot_is_free_again_when_its_transport_is_gone()
    {
        var endpoint = new UpgradeEndpoint(Make(options => options.MaxConnections = 1));
        for (var i = 0; i < 3; i++)
        {
            var (transport, server) = InMemoryConnection.CreatePair();
            var running = endpoint.RunAsync(server);
            var peer = new RawPeer(transport);
            Assert.That(await peer.UpgradeAsync(), Does.StartWith("HTTP/1.1 101 "));
            await peer.FinishAsync();
            await running.InTime();
        }
    }

    [Test]
    public async Task Started_connections_do_not_count_for_the_limit()
    {
        var far = Make();
        var broker = Make(options => options.MaxConnections = 1);
        for (var i = 0; i < 3; i++)
        {
            await broker.StartAsync(new InMemoryServer(far).Connect()).InTime();
        }

        Assert.That(broker.Count, Is.EqualTo(3));
        Assert.That(await new RawPeer(new InMemoryServer(broker).Connect()).UpgradeAsync(), Does.StartWith("HTTP/1.1 101 "));
    }

    [Test]
    public async Task Beyond_the_limit_of_unfinished_upgrades_a_connection_is_closed_without_an_answer()
    {
        var server = new InMemoryServer(Make(options => options.Upgrade.MaxPending = 2), Inline);
        var waiting = new[] { new RawPeer(server.Connect()), new RawPeer(server.Connect()) };
        var turnedAway = await new RawPeer(server.Connect()).ReadAsync();
        Assert.That((turnedAway.Buffer.IsEmpty, turnedAway.IsCompleted), Is.EqualTo((true, true)));
        Assert.That(Services.Log.Select(record => record.Text), Has.One.Contains("too many unfinished upgrades"));
        Assert.That(await waiting[0].UpgradeAsync(), Does.StartWith("HTTP/1.1 101 "), "those that wait are served");
        Assert.That(await new RawPeer(server.Connect()).UpgradeAsync(), Does.StartWith("HTTP/1.1 101 "), "and make room");
    }

    [Test]
    public async Task A_header_that_is_not_there_in_time_is_408_however_it_trickles()
    {
        var peer = new RawPeer(new InMemoryServer(Make(), Inline).Connect());
        foreach (var piece in new[] { "G", "ET / HT", "TP/1.1\r\n" })
        {
            await peer.SendAsync(piece);
            Time.Advance(TimeSpan.FromSeconds(9.9));
        }

        var reading = peer.ReadAsync();
        Assert.That(reading.IsCompleted, Is.False, "29.7 seconds are not 30");
        Time.Advance(TimeSpan.FromSeconds(0.3));
        var head = Encoding.Latin1.GetString((await reading).Buffer);
        Assert.That(head, Does.StartWith("HTTP/1.1 408 ").And.Contain("\r\nConnection: close\r\n"));
        await peer.FinishAsync();
    }

    [Test]
    public async Task A_connection_on_which_nothing_was_said_is_closed_without_a_word()
    {
        var peer = new RawPeer(new InMemoryServer(Make(options => options.Upgrade.HeaderTimeout = TimeSpan.FromSeconds(5)), Inline).Connect());
        var reading = peer.ReadAsync();
        Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.That(reading.IsCompleted, Is.False);
        Time.Advance(TimeSpan.FromSeconds(0.1));
        var result = await reading;
        Assert.That((result.Buffer.IsEmpty, result.IsCompleted), Is.EqualTo((true, true)));
    }

    [Test]
    public async Task A_request_that_breaks_off_is_400()
    {
        var peer = new RawPeer(new InMemoryServer(Make(), Inline).Connect());
        await peer.SendAsync("GET / HTTP/1.1\r\nHost: local");
        await peer.FinishAsync();
        Assert.That(await peer.ReadHeadAsync(), Does.StartWith("HTTP/1.1 400 "));
    }

    [Test]
    public async Task A_server_that_shuts_down_answers_an_unfinished_request_with_503()
    {
        var transport = new InMemoryServer(Make(), Inline).Connect(out var server);
        var peer = new RawPeer(transport);
        await peer.SendAsync("GET / HTTP/1.1\r\n");
        server.RequestClose();
        Assert.That(await peer.ReadHeadAsync(), Does.StartWith("HTTP/1.1 503 "));
        await peer.FinishAsync();
    }

    [Test]
    public async Task What_a_refused_peer_still_sends_is_read_off_so_that_it_can_read_the_refusal()
    {
        var peer = new RawPeer(new InMemoryServer(Make(), new InMemoryOptions { PauseThreshold = 4_096 }).Connect());
        await peer.SendAsync(NotGet);
        for (var i = 0; i < 100; i++)
        {
            await peer.Output.WriteAsync(new byte[8_192]).InTime();
        }

        await peer.FinishAsync();
        Assert.That(await peer.ReadHeadAsync(), Does.StartWith("HTTP/1.1 405 "));
    }

    [Test]
    public async Task What_is_read_off_is_bounded()
    {
        var peer = new RawPeer(new InMemoryServer(Make(), new InMemoryOptions { PauseThreshold = 4_096 }).Connect());
        await peer.SendAsync(NotGet);
        var sent = 0;
        while (!(await peer.Output.WriteAsync(new byte[8_192]).InTime()).IsCompleted)
        {
            sent += 8_192;
            Assert.That(sent, Is.LessThan(2 * 1_048_576));
        }

        Assert.That(sent, Is.GreaterThan(1_000_000));
    }

    [Test]
    public async Task A_refused_peer_that_falls_silent_is_let_go()
    {
        var peer = new RawPeer(new InMemoryServer(Make(), Inline).Connect(out var server));
        await peer.SendAsync(NotGet);
        var head = await peer.ReadHeadAsync();
        Assert.That(head, Does.StartWith("HTTP/1.1 405 "));
        var rest = await peer.ReadAsync();
        peer.Input.AdvanceTo(rest.Buffer.End);
        var ending = peer.ReadAsync();

        // Well before the ten seconds after which it would be aborted, however late the quiet begins to count.
        for (var i = 0; i < 90 && !ending.IsCompleted; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.That((await ending).IsCompleted, Is.True);
        Assert.That(server.AbortReason, Is.Null);
    }

    [Test]
    public async Task A_peer_that_does_not_take_its_refusal_is_aborted_after_ten_seconds()
    {
        var transport = new InMemoryServer(Make(), new InMemoryOptions { PauseThreshold = 100 }).Connect(out var server);
        var peer = new RawPeer(transport);
        await peer.SendAsync(NotGet);

        // It sees the refusal and takes nothing of it off, so that the server's flush stays pending.
        var seen = await peer.ReadAsync();
        Assert.That(seen.Buffer.Length, Is.GreaterThan(100));
        peer.Input.AdvanceTo(seen.Buffer.Start);
        Time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.That(server.AbortReason, Is.Null);
        Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(server.AbortReason, Is.Not.Null);
    }

    [Test]
    public async Task Paths_lead_to_their_own_brokers()
    {
        var (orders, customers) = (Make(options => options.MaxMessageSize = 1_111), Make(options => options.MaxMessageSize = 2_222));
        var server = new InMemoryServer(new UpgradeEndpoint(new Dictionary<string, GhmsBroker> { ["/orders"] = orders, ["/customers"] = customers }));
        foreach (var (path, answer) in new[] { ("/orders", "Size: 1111\r\n"), ("/customers", "Size: 2222\r\n"), ("/", "HTTP/1.1 404 ") })
        {
            var peer = new RawPeer(server.Connect());
            await peer.SendAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n\r\n");
            Assert.That(await peer.ReadHeadAsync(), Does.Contain(answer));
            await peer.FinishAsync();
        }
    }

    [Test]
    public void An_endpoint_needs_paths_that_begin_with_a_slash()
    {
        Assert.That(() => new UpgradeEndpoint(new Dictionary<string, GhmsBroker>()), Throws.ArgumentException);
        Assert.That(() => new UpgradeEndpoint(new Dictionary<string, GhmsBroker> { ["orders"] = Make() }), Throws.ArgumentException.With.Message.Contains("'orders'"));
    }

    private GhmsBroker Make(Action<GhmsBrokerOptions>? configure = null) =>
        Build(builder => builder.AddJson().AddMessage<Greeting>().Configure(configure ?? (_ => { })));
}
