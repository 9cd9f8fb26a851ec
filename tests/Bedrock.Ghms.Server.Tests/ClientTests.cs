using System.Net;
using System.Net.Sockets;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Client.Transport;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The client over real sockets, against servers that misbehave.</summary>
internal sealed class ClientTests
{
    private const string Accepted =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nContent-Type: application/json\r\n\r\n";

    [TestCase("SSH-2.0-OpenSSH_9.6\r\n")]
    [TestCase("\u0016\u0003\u0001\u0002\0\u0001\0\0\r\n\r\n")]
    [TestCase("HTTP/1.1 200\r\n\r\n")]
    [TestCase("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Type: application/json\r\n\r\n")]
    [TestCase("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nContent-Type: text/plain\r\n\r\n")]
    [TestCase("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n\r\n")]
    public Task What_is_no_answer_to_an_upgrade_is_an_upgrade_error(string answer) =>
        UpgradeFailsAsync(peer => peer.SendAsync(answer));

    [Test]
    public Task An_end_before_the_first_byte_is_an_upgrade_error() => UpgradeFailsAsync(peer =>
    {
        peer.Finish();
        return Task.CompletedTask;
    });

    [Test]
    public Task An_end_inside_the_head_is_an_upgrade_error() => UpgradeFailsAsync(async peer =>
    {
        await peer.SendAsync(Accepted[..40]);
        peer.Finish();
    });

    [Test]
    public Task A_reset_inside_the_head_is_an_upgrade_error() => UpgradeFailsAsync(async peer =>
    {
        await peer.SendAsync(Accepted[..40]);
        peer.Reset();
    });

    [Test]
    public Task A_flood_of_interim_responses_is_an_upgrade_error() => UpgradeFailsAsync(async peer =>
    {
        while (true)
        {
            await peer.SendAsync("HTTP/1.1 102 Processing\r\n\r\n");
        }
    });

    [Test]
    public Task A_head_without_an_end_is_an_upgrade_error() => UpgradeFailsAsync(async peer =>
    {
        await peer.SendAsync("HTTP/1.1 101 Switching Protocols\r\n");
        for (var i = 0; ; i++)
        {
            await peer.SendAsync($"X-{i}: {new string('a', 1_000)}\r\n");
        }
    });

    [Test]
    public async Task A_refusal_carries_status_reason_and_the_beginning_of_an_endless_body()
    {
        using var server = new ScriptedServer(async peer =>
        {
            await peer.SendAsync("HTTP/1.1 503 Not \u0007today\r\nRetry-After: 7\r\nContent-Length: 999999999\r\n\r\n");
            while (true)
            {
                await peer.SendAsync(new string('b', 10_000));
            }
        });
        var error = await UpgradeErrorAsync(server);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.StatusCode, Is.EqualTo(503).Or.Null);
            Assert.That(error.Message, Does.Not.Contain("\u0007"));
        }

        await server.Done.WaitAsync(Patience.Long);
    }

    [Test]
    public async Task A_refusal_with_a_long_body_shows_its_first_1024_bytes()
    {
        using var server = new ScriptedServer(peer =>
            peer.SendAsync("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 5000\r\n\r\n" + new string('b', 5_000)));
        var error = await UpgradeErrorAsync(server);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.StatusCode, Is.EqualTo(503));
            Assert.That(error.ReasonPhrase, Is.EqualTo("Busy"));
            Assert.That(error.Body, Is.EqualTo(new string('b', 1_024)));
            Assert.That(error.RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(7)));
        }

        await server.Done.WaitAsync(Patience.Long);
    }

    [TestCase("")]
    [TestCase("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101")]
    public async Task A_server_that_never_answers_is_a_time_out(string beginning)
    {
        using var server = new ScriptedServer(peer => peer.SendAsync(beginning));
        var builder = Builder().Configure(options => options.Timeout = TimeSpan.FromMilliseconds(300));
        Assert.That(async () => await builder.ConnectAsync(server.Uri).WaitAsync(Patience.Long), Throws.TypeOf<TimeoutException>());
        await server.Done.WaitAsync(Patience.Long);
    }

    [Test]
    public async Task A_client_that_is_cancelled_while_it_waits_lets_go_of_the_connection()
    {
        using var cancelled = new CancellationTokenSource();
        using var server = new ScriptedServer(_ => cancelled.CancelAsync());
        Assert.That(
            async () => await Builder().ConnectAsync(server.Uri, cancelled.Token).WaitAsync(Patience.Long),
            Throws.InstanceOf<OperationCanceledException>());
        await server.Done.WaitAsync(Patience.Long);
    }

    [Test]
    public void Nobody_listening_is_a_socket_error()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.That(
            async () => await Builder().ConnectAsync(taken.LocalEndPoint!).WaitAsync(Patience.Long),
            Throws.InstanceOf<SocketException>());
    }

    [TestCase("\0\0\0\u0063\0\0\0\0", CloseStatus.UnknownMessageCode)]
    [TestCase("\0\0\0\u000A\u007F\u00FF\u00FF\u00FF", CloseStatus.MessageTooBig)]
    [TestCase("\0\0\0\u0001\0\0\0\u0001x", CloseStatus.ProtocolError)]
    [TestCase("\0\0\0\u000A\0\0\0\u0002{}", CloseStatus.InvalidPayload)]
    public async Task What_breaks_the_protocol_after_the_upgrade_ends_the_connection_with_a_Close(string latin1, CloseStatus status)
    {
        var closed = new TaskCompletionSource<int>();
        using var server = new ScriptedServer(async peer =>
        {
            await peer.SendAsync(Accepted + latin1);
            closed.SetResult(await peer.ReadCloseAsync());
        });
        await using var client = await Builder().ConnectAsync(server.Uri);
        Assert.That(await closed.Task.WaitAsync(Patience.Long), Is.EqualTo((int)status));
        await client.Connection.Completion.WaitAsync(Patience.Long);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(client.Connection.End?.Status, Is.EqualTo(status));
            Assert.That(client.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.ClosedHere));
            Assert.That(async () => await client.SendAsync(new Message { Word = "late" }), Throws.TypeOf<GhmsConnectionClosedException>());
        }
    }

    [Test]
    public async Task A_reset_after_the_upgrade_is_a_lost_connection()
    {
        var go = new TaskCompletionSource();
        using var server = new ScriptedServer(async peer =>
        {
            await peer.SendAsync(Accepted);
            await go.Task;
            peer.Reset();
        });
        await using var client = await Builder().ConnectAsync(server.Uri);
        go.SetResult();
        await client.Connection.Completion.WaitAsync(Patience.Long);
        Assert.That(client.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.Lost));
    }

    [Test]
    public async Task A_transport_whose_output_ends_with_an_error_is_reset_and_can_be_disposed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = listener.AcceptSocketAsync();
        var transport = await new SocketConnectionFactory().ConnectAsync(listener.LocalEndpoint);
        using var peer = await accepting.WaitAsync(Patience.Long);
        await transport.Transport.Output.CompleteAsync(new InvalidOperationException("Half a message."));
        Assert.That(
            async () => await peer.ReceiveAsync(new byte[1]).WaitAsync(Patience.Long),
            Throws.TypeOf<SocketException>().With.Property(nameof(SocketException.SocketErrorCode)).EqualTo(SocketError.ConnectionReset));
        Assert.That(async () => await transport.DisposeAsync().AsTask().WaitAsync(Patience.Long), Throws.Nothing);
        await transport.DisposeAsync();
    }

    [Test]
    public async Task A_transport_that_is_aborted_while_nobody_reads_it_can_be_disposed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = listener.AcceptSocketAsync();
        var transport = await new SocketConnectionFactory().ConnectAsync(listener.LocalEndpoint);
        using var peer = await accepting.WaitAsync(Patience.Long);
        await peer.SendAsync(Encoding.UTF8.GetBytes(new string('a', 200_000)));
        transport.Abort();
        await transport.DisposeAsync().AsTask().WaitAsync(Patience.Long);
        Assert.That(async () => await transport.Transport.Input.ReadAsync(), Throws.InvalidOperationException);
    }

    private static GhmsClientBuilder Builder() => new GhmsClientBuilder().AddJson().AddMessage<Message>(code: 10);

    private static async Task UpgradeFailsAsync(Func<WirePeer, Task> script)
    {
        using var server = new ScriptedServer(script);
        var error = await UpgradeErrorAsync(server);
        Assert.That(error.Code, Is.EqualTo(GhmsError.UpgradeFailed));
        await server.Done.WaitAsync(Patience.Long);
    }

    private static async Task<GhmsUpgradeException> UpgradeErrorAsync(ScriptedServer server)
    {
        try
        {
            await using var client = await Builder().ConnectAsync(server.Uri).WaitAsync(Patience.Long);
        }
        catch (GhmsUpgradeException exception)
        {
            return exception;
        }

        throw new AssertionException("The upgrade succeeded.");
    }
}
