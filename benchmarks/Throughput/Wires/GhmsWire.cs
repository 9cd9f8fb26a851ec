using System.Buffers.Binary;
using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>GHMS/0.1 with MessagePack, and the codes of <see cref="MessageCode"/>.</summary>
/// <param name="broker">Whether the server is a broker; the baseline shows no signs of life and knows one encoding.</param>
internal sealed class GhmsWire(bool broker) : IWire
{
    private const uint SubscriptionCode = 0xFFFF_FF01;
    private const uint PublicationCode = 0xFFFF_FF02;
    private const uint SubscriptionResultCode = 0xFFFF_FF03;
    private const uint RequestCode = 0xFFFF_FF10;
    private const uint ReplyCode = 0xFFFF_FF11;

    /// <summary>With the others ten fields, as many as a client behind a proxy and with credentials sends.</summary>
    private static readonly string[] IdleFields =
    [
        "GHMS-Timeout: 3000",
        "User-Agent: Throughput/1.0",
        "Authorization: Bearer 0123456789abcdef0123456789abcdef",
        "X-Forwarded-For: 192.0.2.1",
        "X-Forwarded-Proto: https",
        "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ];

    private static readonly byte[] Topic = [.. "load/words"u8];
    private static readonly byte[] Heartbeat = Frame(MessageCode.Heartbeat, []);

    public ReadOnlySpan<byte> KeepAlive => Heartbeat;

    public bool HasHeartbeats => broker;

    public IMessageCounter Open(LoadSocket socket, Role role)
    {
        socket.Upgrade(
        [
            "GET / HTTP/1.1",
            $"Host: {socket.Server}",
            "Connection: Upgrade",
            "Upgrade: GHMS/0.1",
            $"Accept: {(IsJson(role) ? "application/json" : "application/vnd.msgpack")}",
            .. role.Work == Work.Idle ? IdleFields : [],
        ]);
        var counter = new FrameCounter(Heartbeat);
        if (role.Work == Work.Relay)
        {
            socket.Send(Frame(SubscriptionCode, [1, .. Topic]));
            counter.Expect(FrameRing.Of(Frame(SubscriptionResultCode, [0, 1, .. Topic])));
            while (counter.Count == 0)
            {
                counter.Add(socket.Receive());
            }
        }

        return counter;
    }

    public int Variant(Role role) => IsJson(role) ? 1 : 0;

    public Flow Fence(Role role) => Flow.Same(Plain(role, MessageCode.Echo, 1));

    public Flow FlowOf(Role role, int count) => role.Work switch
    {
        Work.Request => new(Requests(RequestCode, count), Requests(ReplyCode, count)),
        Work.Relay => Flow.Same(Publications(count)),
        Work.OneWay => Flow.Same(Plain(role, MessageCode.OneWay, count)),
        _ => Flow.Same(Plain(role, role.Work.IsFanOut ? MessageCode.Announcement : MessageCode.Echo, count)),
    };

    private bool IsJson(Role role) => broker && role.Work == Work.Split && role.Number % 2 == 1;

    private FrameRing Plain(Role role, uint code, int count)
    {
        if (IsJson(role))
        {
            return new FrameRing(count, number => Frame(code, Words.Json(number)));
        }

        // All subscribers of the baseline get the mean size of both encodings, 108 bytes and 111, rounded in its favour.
        int length = role.Work == Work.Split && !broker ? Words.Length + 1 : Words.Length;
        return new FrameRing(count, number => Frame(code, Words.MessagePack(number, length)));
    }

    /// <summary>Messages behind an id, which is the message's number, and their own code.</summary>
    private static FrameRing Requests(uint envelope, int count) => new(
        count,
        number => Frame(envelope, [.. BigEndian(number, sizeof(ulong)), .. BigEndian(MessageCode.Echo, 4), .. Words.MessagePack(number)]));

    private static FrameRing Publications(int count) => new(
        count,
        number => Frame(
            PublicationCode,
            [.. BigEndian(Topic.Length, 2), .. Topic, .. BigEndian(MessageCode.Announcement, 4), .. Words.MessagePack(number)]));

    private static byte[] Frame(uint code, byte[] payload) => [.. BigEndian(code, 4), .. BigEndian(payload.Length, 4), .. payload];

    private static byte[] BigEndian(long value, int size)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes[^size..];
    }
}
