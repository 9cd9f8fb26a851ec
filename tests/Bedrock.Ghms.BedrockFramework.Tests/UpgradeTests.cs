using System.Buffers;
using System.Net;
using System.Text;
using Bedrock.Framework;
using Bedrock.Framework.Protocols;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Protocol.Upgrade;
using Bedrock.Ghms.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.BedrockFramework.Tests;

/// <summary>Connections of Bedrock's client that are upgraded and then spoken on frame by frame.</summary>
internal sealed class UpgradeTests : ServerFixture
{
    private readonly FakeTimeProvider _time = new();

    [TestCase(false)]
    [TestCase(true)]
    public async Task Frames_go_both_ways_until_a_Close_is_answered(bool logs)
    {
        var bedrock = (logs ? Bedrock().UseConnectionLogging() : Bedrock()).UseGhmsUpgrade(Request("/"));
        await using (var connection = await bedrock.Build().ConnectAsync(EndPoint).InTime())
        {
            var terms = connection.Features.Get<UpgradeResponse>()!;
            Assert.That((terms.ContentType, terms.MaxMessageSize, terms.Timeout), Is.EqualTo(("application/json", 1_000_000u, TimeSpan.FromSeconds(30))));
            await using var writer = connection.CreateWriter();
            await using var reader = connection.CreateReader();
            var frames = new FrameMessageReader();
            await writer.WriteAsync(new FrameMessageWriter(), new Frame(10, new ReadOnlySequence<byte>("""{"Word":"Hello"}"""u8.ToArray())));
            var answer = await reader.ReadAsync(frames).InTime();
            Assert.That((answer.Message.Code, Encoding.UTF8.GetString(answer.Message.Payload)), Is.EqualTo((10u, """{"Word":"Hello"}""")));
            reader.Advance();
            new CloseMessage(CloseStatus.Normal, "enough").Write(connection.Transport.Output);
            await connection.Transport.Output.FlushAsync();
            Assert.That((await reader.ReadAsync(frames).InTime()).IsCompleted, Is.True);
        }

        var end = await EndAsync();
        Assert.That((end.Cause, end.Status, end.Reason), Is.EqualTo((ConnectionEndCause.ClosedByPeer, CloseStatus.Normal, "enough")));
        Assert.That(Open, Is.Empty.After(10_000, 50));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_refusal_fails_the_connect_and_leaves_no_socket(bool logs)
    {
        var bedrock = (logs ? Bedrock().UseConnectionLogging() : Bedrock()).UseGhmsUpgrade(Request("/elsewhere"));
        Assert.That(
            async () => await bedrock.Build().ConnectAsync(EndPoint).InTime(),
            Throws.TypeOf<GhmsUpgradeException>().With.Property(nameof(GhmsUpgradeException.StatusCode)).EqualTo(404));
        Assert.That(Open, Is.Empty.After(10_000, 50));
    }

    [Test]
    public void A_request_that_a_server_would_refuse_is_not_sent()
    {
        var bedrock = Bedrock().UseGhmsUpgrade(Request("no-slash"));
        Assert.That(async () => await bedrock.Build().ConnectAsync(EndPoint).InTime(), Throws.ArgumentException);
    }

    [Test]
    public async Task No_answer_is_a_time_out()
    {
        var silent = new Silent();
        var connecting = Silently(silent).Build().ConnectAsync(EndPoint).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.That(connecting.IsCompleted, Is.False);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<TimeoutException>().With.Message.Contains("00:00:05"));
        Assert.That(silent.Client.AbortReason, Is.Not.Null);
    }

    [Test]
    public async Task An_end_without_an_answer_fails_the_connect()
    {
        var silent = new Silent();
        var connecting = Silently(silent).Build().ConnectAsync(EndPoint).AsTask();
        await silent.Server.Transport.Output.CompleteAsync();
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<GhmsUpgradeException>());
    }

    [Test]
    public async Task A_lost_connection_fails_the_connect()
    {
        var silent = new Silent();
        var connecting = Silently(silent).Build().ConnectAsync(EndPoint).AsTask();
        var lost = new ConnectionResetException("lost");
        await silent.Server.Transport.Output.CompleteAsync(lost);
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<GhmsUpgradeException>().With.InnerException.SameAs(lost));
    }

    private ClientBuilder Silently(Silent factory) =>
        new ClientBuilder().UseConnectionFactory(factory).UseGhmsUpgrade(Request("/"), TimeSpan.FromSeconds(5), _time);

    private static UpgradeRequest Request(string path) => new() { Host = "localhost", Path = path, Accept = ["application/json"] };

    /// <summary>Connects to a server that says nothing.</summary>
    private sealed class Silent : IConnectionFactory
    {
        public (InMemoryConnection Client, InMemoryConnection Server) Pair { get; } = InMemoryConnection.CreatePair();

        public InMemoryConnection Client => Pair.Client;

        public InMemoryConnection Server => Pair.Server;

        public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(Client);
    }
}
