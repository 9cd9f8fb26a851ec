using System.Buffers.Binary;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>Speaks requests byte by byte with a broker, or through a client.</summary>
internal abstract class RequestFixture : JoinFixture
{
    protected const uint Request = 0xFFFF_FF10;
    protected const uint Reply = 0xFFFF_FF11;
    protected const uint Fault = 0xFFFF_FF12;
    protected const uint Cancel = 0xFFFF_FF13;
    protected const uint Item = 0xFFFF_FF14;
    protected const uint Credit = 0xFFFF_FF15;

    protected const string Hello = """{"Word":"hello"}""";

    /// <summary>Builds a broker of greetings (10) and farewells (11) with requests.</summary>
    protected GhmsBroker Make(Action<GhmsTestBuilder> configure) => BuildJoined(builder =>
    {
        builder.AddJson().AddMessage<Greeting>().AddMessage<Farewell>().AddRequests();
        configure(builder);
    });

    /// <summary>Connects a client of the same messages to <paramref name="broker"/>.</summary>
    protected async Task<GhmsClient> ClientOfAsync(GhmsBroker broker, Action<GhmsClientBuilder>? configure = null)
    {
        var builder = new GhmsClientBuilder()
            .AddJson().AddMessage<Greeting>().AddMessage<Farewell>().AddRequests()
            .UseServices(Services)
            .UseConnectionFactory(new InMemoryServer(broker));
        configure?.Invoke(builder);
        var client = await builder.ConnectAsync(new Uri("http://localhost/"));
        Own(client.Broker);
        return client;
    }

    protected static Task SendAsync(RawPeer peer, uint kind, ulong id, uint code, string payload) =>
        peer.SendAsync(Envelope(kind, id, code, payload));

    protected static byte[] Envelope(uint kind, ulong id, uint code, string payload)
    {
        var bytes = new byte[12 + Encoding.UTF8.GetByteCount(payload)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), code);
        Encoding.UTF8.GetBytes(payload, bytes.AsSpan(12));
        return RawPeer.Frame(kind, bytes);
    }

    protected static Task AskAsync(RawPeer peer, ulong id, uint code = 10, string payload = Hello) => SendAsync(peer, Request, id, code, payload);

    protected static Task SendFaultAsync(RawPeer peer, ulong id, ushort status, string text)
    {
        var bytes = new byte[10 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(8), status);
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(10));
        return peer.SendAsync(RawPeer.Frame(Fault, bytes));
    }

    protected static Task CancelAsync(RawPeer peer, ulong id)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        return peer.SendAsync(RawPeer.Frame(Cancel, bytes));
    }

    protected static Task CreditAsync(RawPeer peer, ulong id, uint count)
    {
        var bytes = new byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), count);
        return peer.SendAsync(RawPeer.Frame(Credit, bytes));
    }

    /// <summary>Reads the next frame and splits off the fields of this extension: for envelopes the inner code, for a Fault its status, for Credit its count.</summary>
    protected static async Task<Seen> ReadAsync(RawPeer peer)
    {
        var frame = await peer.ReadFrameAsync();
        Assert.That(frame, Is.Not.Null, "The connection ended; a message was expected.");
        var (kind, bytes) = frame!.Value;
        var id = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return kind switch
        {
            Cancel => new Seen(kind, id, 0, Encoding.UTF8.GetString(bytes.AsSpan(8))),
            Fault => new Seen(kind, id, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(8)), Encoding.UTF8.GetString(bytes.AsSpan(10))),
            _ => new Seen(kind, id, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(8)), Encoding.UTF8.GetString(bytes.AsSpan(12))),
        };
    }

    protected static async Task ExpectFaultAsync(RawPeer peer, ulong id, CloseStatus status)
    {
        var seen = await ReadAsync(peer);
        Assert.That((seen.Kind, seen.Id, seen.Number), Is.EqualTo((Fault, id, (uint)status)), seen.Text);
    }

    /// <summary>Asks something simple and sees to it that the answer comes next: nothing else was on its way.</summary>
    protected static async Task ExpectQuietAsync(RawPeer peer)
    {
        await AskAsync(peer, ulong.MaxValue, code: 4711);
        await ExpectFaultAsync(peer, ulong.MaxValue, CloseStatus.UnknownMessageCode);
    }

    /// <summary>Lets others work until <paramref name="condition"/> holds.</summary>
    protected static async Task UntilAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>One frame of this extension.</summary>
    protected sealed record Seen(uint Kind, ulong Id, uint Number, string Text);
}
