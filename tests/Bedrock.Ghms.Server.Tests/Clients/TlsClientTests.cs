using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client.Tls;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>A client with TLS against Kestrel's, from the first byte to the last.</summary>
internal sealed class TlsClientTests : TlsFixture
{
    private static readonly X509Certificate2 Good = Authority.Issue("127.0.0.1");

    [Test]
    public async Task Messages_of_any_size_go_both_ways_at_once()
    {
        var app = await ServeAsync(Good);
        await using var client = await Builder().UseTls(Authority.Trust).ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
        await EchoAsync(client);
        var words = Enumerable.Range(0, 24).Select(i => new string((char)('a' + i), 40_000 * i)).ToList();
        var sending = Task.Run(async () =>
        {
            foreach (var word in words)
            {
                await client.SendAsync(new Message { Word = word });
            }
        });
        foreach (var word in words)
        {
            Assert.That(await Received.Reader.ReadAsync().AsTask().WaitAsync(Patience.Long), Is.EqualTo(word));
        }

        await sending;
    }

    [Test]
    public async Task What_the_client_says_last_arrives()
    {
        var app = await ServeAsync(Good);
        var client = await Builder().UseTls(Authority.Trust).ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
        await EchoAsync(client);
        var connection = BrokerOf(app).Connections.Single();
        await client.CloseAsync(CloseStatus.GoingAway, "moving on");
        await client.DisposeAsync().AsTask().WaitAsync(Patience.Long);
        await connection.Completion.WaitAsync(Patience.Long);
        Assert.That(connection.End, Is.EqualTo(new ConnectionEnd(ConnectionEndCause.ClosedByPeer, CloseStatus.GoingAway, "moving on")));
    }

    [Test]
    public async Task What_the_server_says_last_arrives()
    {
        var app = await ServeAsync(Good);
        await using var client = await Builder().UseTls(Authority.Trust).ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
        await EchoAsync(client);
        await app.StopAsync().WaitAsync(Patience.Long);
        await client.Connection.Completion.WaitAsync(Patience.Long);
        Assert.That((client.Connection.End?.Cause, client.Connection.End?.Status), Is.EqualTo((ConnectionEndCause.ClosedByPeer, CloseStatus.GoingAway)));
    }

    [Test]
    public async Task The_end_is_announced_in_TLS_as_well()
    {
        using var server = new TlsServer(Good);
        var client = await Builder().UseTls(tls =>
        {
            Authority.Trust(tls);

            // From TLS 1.3 on nobody can see from outside what a record is.
            tls.EnabledSslProtocols = SslProtocols.Tls12;
        }).ConnectAsync(server.Uri).WaitAsync(Patience.Long);
        await client.DisposeAsync().AsTask().WaitAsync(Patience.Long);
        Assert.That(await server.Records.WaitAsync(Patience.Long), Is.EqualTo("handshake handshake changeCipherSpec handshake data data alert"));
        Assert.That(server.Status, Is.EqualTo(1000));
    }

    [Test]
    public async Task A_connection_that_is_lost_is_lost()
    {
        using var server = new TlsServer(Good, deaf: true);
        await using var client = await Builder().UseTls(Authority.Trust).ConnectAsync(server.Uri).WaitAsync(Patience.Long);
        server.Reset();
        await client.Connection.Completion.WaitAsync(Patience.Long);
        Assert.That(client.Connection.End?.Cause, Is.EqualTo(ConnectionEndCause.Lost));
    }

    [Test]
    public async Task A_connection_that_is_lost_with_a_flush_pending_holds_nobody()
    {
        using var server = new TlsServer(Good, deaf: true);
        await using var client = await Builder().UseTls(Authority.Trust).ConnectAsync(server.Uri).WaitAsync(Patience.Long);
        while (client.Connection.PendingBytes < 500_000)
        {
            await client.SendAsync(new Message { Word = new string('a', 20_000) });
            await Task.Yield();
        }

        server.Reset();
        await client.Connection.Completion.WaitAsync(Patience.Long);
        Assert.That((client.Connection.End?.Cause, client.Connection.PendingBytes), Is.EqualTo((ConnectionEndCause.Lost, 0)));
    }

    [Test]
    public async Task A_server_without_TLS_is_told_apart()
    {
        var app = await StartAsync(services => Echo(services.AddGhms()), listen => listen.UseConnectionHandler<GhmsHandler>());
        var failure = await FailureAsync<GhmsTlsException>(() => Builder().ConnectAsync(new Uri($"https://127.0.0.1:{PortOf(app)}/")));
        Assert.That(failure.PolicyErrors, Is.EqualTo(SslPolicyErrors.None));
    }

    [Test]
    public async Task ALPN_is_left_out_unless_it_is_asked_for()
    {
        var seen = new List<string>();
        var app = await ServeAsync(Good, behind: listen => listen.Use(next => connection =>
        {
            seen.Add(Encoding.ASCII.GetString(connection.Features.Get<ITlsApplicationProtocolFeature>()!.ApplicationProtocol.Span));
            return next(connection);
        }));
        foreach (var protocols in new List<SslApplicationProtocol>?[] { null, [SslApplicationProtocol.Http11] })
        {
            await using var client = await Builder().UseTls(tls =>
            {
                Authority.Trust(tls);
                tls.ApplicationProtocols = protocols;
            }).ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
        }

        Assert.That(seen, Is.EqualTo(new[] { "", "http/1.1" }));
    }

    [Test]
    public async Task What_stands_before_TLS_sees_encrypted_bytes_and_what_stands_behind_plain_ones()
    {
        var app = await ServeAsync(Good);
        var (before, behind) = (new Tap(), new Tap());
        await using var client = await Builder()
            .UseConnection(connection => connection.Use(before.Wrap))
            .UseTls(Authority.Trust)
            .UseConnection(connection => connection.Use(behind.Wrap))
            .ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
        Assert.That(await before.First.WaitAsync(Patience.Long), Does.StartWith("\u0016\u0003\u0003"));
        Assert.That(await behind.First.WaitAsync(Patience.Long), Does.StartWith("HTTP/1.1 101"));
    }

    [Test]
    public async Task TLS_of_the_chain_s_own_is_not_put_into_a_second_one()
    {
        var app = await ServeAsync(Good);
        await using var client = await Builder()
            .UseConnection(connection => connection.UseTls(Authority.Trust))
            .ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
        await EchoAsync(client);
    }

    /// <summary>Keeps the first bytes that came in.</summary>
    private sealed class Tap
    {
        private readonly TaskCompletionSource<string> _first = new();

        public Task<string> First => _first.Task;

        public ConnectionDelegate Wrap(ConnectionDelegate next) => async connection =>
        {
            var plain = connection.Transport;
            connection.Transport = new Tapped(PipeReader.Create(new Reading(plain.Input.AsStream(leaveOpen: true), _first)), plain.Output);
            await next(connection);
            connection.Transport = plain;
        };
    }

    private sealed class Tapped(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    private sealed class Reading(Stream stream, TaskCompletionSource<string> first) : Through(stream)
    {
        protected override void OnRead(ReadOnlySpan<byte> bytes) => first.TrySetResult(Encoding.Latin1.GetString(bytes));
    }
}
