using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Client;

/// <summary>What a client asks for, and what it makes of the answers.</summary>
internal sealed class ConnectTests : BrokerFixture
{
    private const string Frame = "\0\0\0\u000a\0\0\0\u0010{\"Word\":\"early\"}";

    private static Uri Uri { get; } = new("http://localhost/");

    [TestCase("http://localhost/", "localhost", "/", "Unspecified/localhost:80")]
    [TestCase("http://localhost:5000/a%20b?c=%C3%A9#d", "localhost:5000", "/a%20b?c=%C3%A9", "Unspecified/localhost:5000")]
    [TestCase("http://127.0.0.1:5000", "127.0.0.1:5000", "/", "127.0.0.1:5000")]
    [TestCase("http://[::1]:5000/x", "[::1]:5000", "/x", "[::1]:5000")]
    [TestCase("http://[::1]/x", "[::1]", "/x", "[::1]:80")]
    [TestCase("http://bücher.example/é", "xn--bcher-kva.example", "/%C3%A9", "Unspecified/xn--bcher-kva.example:80")]
    public async Task The_URI_says_where_to_go_and_what_to_ask_for(string uri, string host, string target, string endpoint)
    {
        var server = new ScriptedServer(ScriptedServer.Accepts);
        await using var client = await Builder(server).ConnectAsync(new Uri(uri)).InTime();
        Assert.That(server.Asked.Single().ToString(), Is.EqualTo(endpoint));
        var head = await server.Peers.Single().ReadHeadAsync();
        Assert.That(head, Does.StartWith($"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n"));
        await server.Peers.Single().FinishAsync();
    }

    [Test]
    public async Task The_request_offers_the_encodings_in_order_and_tells_this_side_s_terms()
    {
        var server = new ScriptedServer(ScriptedServer.Accepts);
        await using var client = await new GhmsClientBuilder().AddJson().AddBinary().UseConnectionFactory(server)
            .AddHeader("Authorization", "Bearer x").AddHeader("X-Two", "")
            .Configure(options => (options.Timeout, options.MaxMessageSize) = (TimeSpan.FromSeconds(7), 1_234))
            .ConnectAsync(Uri).InTime();
        var lines = (await server.Peers.Single().ReadHeadAsync()).Split("\r\n");
        Assert.That(lines, Has.Some.StartsWith("Accept: application/json, application/octet-stream;q=0."));
        Assert.That(lines, Does.Contain("GHMS-Timeout: 7000").And.Contain("GHMS-Max-Message-Size: 1234").And.Contain("Authorization: Bearer x"));
        await server.Peers.Single().FinishAsync();
    }

    [TestCase("ws://localhost/")]
    [TestCase("/relative")]
    public void Only_an_absolute_http_URI_will_do(string uri) => Assert.That(
        () => Builder(new ScriptedServer()).ConnectAsync(new Uri(uri, UriKind.RelativeOrAbsolute)),
        Throws.ArgumentException.With.Message.Contains("absolute http or https URI"));

    [TestCase("Bad Name", "x")]
    [TestCase("", "x")]
    [TestCase(null, "x")]
    [TestCase("X-A", "a\r\nX-B: b")]
    [TestCase("X-A", "é")]
    [TestCase("X-A", null)]
    [TestCase("host", "elsewhere")]
    [TestCase("Upgrade", "h2c")]
    public void A_header_that_a_server_would_refuse_or_the_library_writes_is_refused(string? name, string? value)
    {
        var server = new ScriptedServer(watch: true);
        Assert.That(async () => await Builder(server).AddHeader(name!, value!).ConnectAsync(Uri).InTime(), Throws.ArgumentException);
        CheckNothingWasSent(server);
    }

    [TestCase("no-slash")]
    [TestCase("/a b")]
    [TestCase("/a\r\nX: y")]
    [TestCase("/é")]
    public void A_path_that_a_server_would_refuse_is_refused(string path)
    {
        var server = new ScriptedServer(watch: true);
        Assert.That(async () => await Builder(server).ConnectAsync(new IPEndPoint(IPAddress.Loopback, 1), path).InTime(), Throws.ArgumentException);
        CheckNothingWasSent(server);
    }

    [TestCase("application/vnd.msgpack")]
    [TestCase("nonsense")]
    public async Task An_encoding_that_is_not_registered_is_refused_before_any_byte(string encoding)
    {
        var server = new ScriptedServer(watch: true);
        var broker = Own(Builder(server).BuildBroker());
        var transport = await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, 1));
        Assert.That(async () => await broker.StartAsync(transport, "/", encoding).InTime(), Throws.TypeOf<GhmsInvalidEncodingException>());
        CheckNothingWasSent(server);
    }

    [Test]
    public async Task Messages_behind_the_101_are_received()
    {
        var received = new TaskCompletionSource<string>();
        var server = new ScriptedServer(ScriptedServer.Accepts + Frame);
        await using var client = await Builder(server).Handle<Greeting>((_, greeting, _) =>
        {
            received.SetResult(greeting.Word);
            return ValueTask.CompletedTask;
        }).ConnectAsync(Uri).InTime();
        Assert.That(await received.Task.InTime(), Is.EqualTo("early"));
        await server.Peers.Single().FinishAsync();
    }

    [Test]
    public async Task A_refusal_tells_status_reason_text_and_when_to_come_back()
    {
        var server = new ScriptedServer("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\ncome back", finish: true);
        var error = await Assert.ThrowsAsync<GhmsUpgradeException>(() => Builder(server).ConnectAsync(Uri).InTime());
        using (Assert.EnterMultipleScope())
        {
            Assert.That((error!.StatusCode, error.ReasonPhrase, error.Body), Is.EqualTo(((int?)503, "Busy", "come back")));
            Assert.That(error.RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(7)));
            Assert.That(error.Message, Does.Contain("503 Busy").And.Contain("come back"));
            Assert.That(error.Code, Is.EqualTo(GhmsError.UpgradeFailed));
        }
    }

    [Test]
    public async Task The_peer_s_texts_are_raw_in_properties_and_escaped_and_cut_in_the_message()
    {
        var server = new ScriptedServer($"HTTP/1.1 400 \u001b[31mno\u0085\t\r\n\r\nline\r\n\u001b[2Jtwo{new string('x', 2_000)}".Replace("\u001b[31m", "", StringComparison.Ordinal), finish: true);
        var error = await Assert.ThrowsAsync<GhmsUpgradeException>(() => Builder(server).ConnectAsync(Uri).InTime());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Body, Does.StartWith("line\r\n\u001b[2Jtwo").And.Length.EqualTo(1_024));
            Assert.That(error.Message.Where(c => c is < ' ' or > '~'), Is.Empty);
            Assert.That(error.Message, Does.Contain(@"line\r\n\u001B[2Jtwo").And.Length.LessThan(600));
        }
    }

    [TestCase("", "ended the connection")]
    [TestCase("HTTP/1.1 101 Swit", "ended the connection")]
    [TestCase("SSH-2.0-OpenSSH_9.6\r\n", "")]
    [TestCase("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Type: application/json\r\n\r\n", "Upgrade is not GHMS/0.1")]
    public async Task An_answer_to_no_upgrade_of_ours_is_an_error(string answer, string message)
    {
        var error = await Assert.ThrowsAsync<GhmsUpgradeException>(() => Builder(new ScriptedServer(answer, finish: true)).ConnectAsync(Uri).InTime());
        Assert.That(error!.Message, Does.Contain(message));
    }

    [TestCase(8, true)]
    [TestCase(9, false)]
    public async Task At_most_eight_interim_responses_are_skipped(int count, bool accepted)
    {
        var interim = string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", count));
        var server = new ScriptedServer(interim + ScriptedServer.Accepts, finish: true);
        var connecting = Builder(server).ConnectAsync(Uri).InTime();
        if (accepted)
        {
            await (await connecting).DisposeAsync();
        }
        else
        {
            Assert.That(async () => await connecting, Throws.TypeOf<GhmsUpgradeException>());
        }
    }

    [Test]
    public void An_endless_head_is_refused_while_it_goes_on()
    {
        var server = new ScriptedServer($"HTTP/1.1 101 S\r\nX: {new string('x', 40_000)}");
        Assert.That(async () => await Builder(server).ConnectAsync(Uri).InTime(), Throws.TypeOf<GhmsUpgradeException>());
    }

    [TestCase("")]
    [TestCase("HTTP/1.1 101 Switching")]
    [TestCase("HTTP/1.1 103 Early Hints\r\n\r\n")]
    [TestCase("HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\nhalf")]
    public async Task One_deadline_bounds_the_whole_answer(string answer)
    {
        var server = new ScriptedServer(answer);
        var connecting = Builder(server).Configure(options => options.Timeout = TimeSpan.FromSeconds(5)).ConnectAsync(Uri);
        Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.That(connecting.IsCompleted, Is.False);
        Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<TimeoutException>().With.Message.Contains("00:00:05"));
        Assert.That(server.Transports.Single().AbortReason, Is.Not.Null);
        await server.Peers.Single().FinishAsync();
    }

    [Test]
    public async Task A_connect_may_be_cancelled_while_the_server_thinks()
    {
        var server = new ScriptedServer("HTTP/1.1 101");
        using var source = new CancellationTokenSource();
        var connecting = Builder(server).ConnectAsync(Uri, source.Token);
        await source.CancelAsync();
        Assert.That(async () => await connecting.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(server.Transports.Single().AbortReason, Is.Not.Null);
    }

    [Test]
    public async Task The_token_has_no_effect_once_connected()
    {
        using var source = new CancellationTokenSource();
        await using var client = await Builder(new InMemoryServer(Echo())).ConnectAsync(Uri, source.Token).InTime();
        await source.CancelAsync();
        Assert.That(await client.SendAsync(new Greeting("hello")), Is.EqualTo(1));
    }

    [Test]
    public async Task A_transport_that_is_lost_or_aborted_meanwhile_is_no_time_out()
    {
        foreach (var failure in new Exception[] { new ConnectionResetException("reset"), new ConnectionAbortedException("aborted"), new IOException("gone") })
        {
            var server = new ScriptedServer();
            var connecting = Builder(server).ConnectAsync(Uri);
            await server.Peers.Single().Output.CompleteAsync(failure);
            Assert.That(async () => await connecting.InTime(), Throws.TypeOf<GhmsUpgradeException>().With.InnerException.SameAs(failure));
        }
    }

    [Test]
    public void A_factory_that_fails_is_heard()
    {
        var failure = new IOException("no route");
        Assert.That(async () => await Builder(new Failing(failure)).ConnectAsync(Uri).InTime(), Throws.Exception.SameAs(failure));
    }

    [Test]
    public async Task One_broker_holds_many_started_connections()
    {
        var server = Echo();
        var answers = new CountdownEvent(3);
        var broker = Own(Builder(new ScriptedServer()).Handle<Greeting>((_, _, _) =>
        {
            answers.Signal();
            return ValueTask.CompletedTask;
        }).BuildBroker());
        var connections = new List<GhmsConnection>();
        for (var i = 0; i < 3; i++)
        {
            connections.Add(await broker.StartAsync(new InMemoryServer(server).Connect(), $"/orders?n={i}").InTime());
        }

        Assert.That(broker.Connections, Is.EquivalentTo(connections));
        Assert.That(connections.Select(connection => (connection.Path, connection.Query)), Is.EqualTo(new[] { ("/orders", "n=0"), ("/orders", "n=1"), ("/orders", "n=2") }));
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(3));
        Assert.That(await Task.Run(() => answers.Wait(TimeSpan.FromSeconds(20))), Is.True);
    }

    [Test]
    public async Task One_broker_accepts_and_starts_at_once()
    {
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>());
        await ConnectAsync(broker);
        await broker.StartAsync(new InMemoryServer(Echo()).Connect()).InTime();
        Assert.That(await broker.SendAsync(new Greeting("hello")), Is.EqualTo(2));
    }

    [Test]
    public async Task A_client_is_a_thin_owner_of_one_broker_and_one_connection()
    {
        var server = new ScriptedServer(ScriptedServer.Accepts);
        var client = await Builder(server).ConnectAsync(Uri).InTime();
        Assert.That(client.Broker.Connections, Is.EqualTo(new[] { client.Connection }));
        await client.SendAsync(new Greeting("hello"));
        await client.FlushAsync().InTime();
        var peer = server.Peers.Single();
        await peer.ReadHeadAsync();
        Assert.That((await peer.ReadTextAsync()).Code, Is.EqualTo(10));
        var disposed = client.DisposeAsync().AsTask();
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.Normal));
        await disposed.InTime();
        Assert.That(async () => await client.SendAsync(new Greeting("hello")), Throws.TypeOf<GhmsConnectionClosedException>());
        await client.DisposeAsync().AsTask().InTime();
    }

    [Test]
    public async Task A_client_that_has_lost_its_connection_says_so_whatever_its_pattern()
    {
        var server = new ScriptedServer(ScriptedServer.Accepts, finish: true);
        await using var client = await Builder(server).UsePattern(new Bedrock.Ghms.Broker.Patterns.RoundRobinPattern()).ConnectAsync(Uri).InTime();
        await client.Connection.Completion.InTime();
        Assert.That(async () => await client.SendAsync(new Greeting("hello")), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task A_client_and_a_server_meet_over_real_sockets()
    {
        var endpoint = new Bedrock.Ghms.Broker.Upgrades.UpgradeEndpoint(Echo());
        using var listener = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var answered = new TaskCompletionSource<string>();
        var connecting = new GhmsClientBuilder().AddJson().AddMessage<Greeting>().Handle<Greeting>((_, greeting, _) =>
        {
            answered.SetResult(greeting.Word);
            return ValueTask.CompletedTask;
        }).ConnectAsync(new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}/"));
        await using var accepted = new Bedrock.Ghms.Client.Transport.SocketConnection(await listener.AcceptAsync().InTime());
        var serving = endpoint.RunAsync(accepted);
        await using (var client = await connecting.InTime())
        {
            await client.SendAsync(new Greeting(new string('x', 300_000)));
            Assert.That(await answered.Task.InTime(), Has.Length.EqualTo(300_000));
        }

        await serving.InTime();
    }

    private GhmsBroker Echo() => Build(broker => broker.AddJson().AddMessage<Greeting>()
        .Handle<Greeting>(async (connection, greeting, ct) => await connection.SendAsync(greeting, ct)));

    private GhmsClientBuilder Builder(IConnectionFactory factory) =>
        new GhmsClientBuilder().AddJson().AddMessage<Greeting>().UseConnectionFactory(factory).UseTimeProvider(Time).UseLoggerFactory(Services);

    private static void CheckNothingWasSent(ScriptedServer server)
    {
        Assert.That(server.Transports.Single().AbortReason, Is.Not.Null);
        Assert.That(async () => await server.FirstReads.Single().InTime(), Throws.TypeOf<ConnectionResetException>());
    }

    private sealed class Failing(Exception failure) : IConnectionFactory
    {
        public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => throw failure;
    }
}
