using System.Globalization;
using System.Text;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>SignalR's hub protocol with MessagePack, straight over a WebSocket.</summary>
/// <remarks>
/// One hub message in each WebSocket message, as a client sends that is not behind with its sending. The server is free to put many into one.
/// </remarks>
internal sealed class SignalRWire : IWire
{
    /// <summary>Where the hub is.</summary>
    public const string Path = "/hub";

    private const byte Invocation = 1;
    private const byte Completion = 3;
    private const byte Ping = 6;
    private const byte ArrayOf = 0x90;
    private const byte StringOf = 0xA0;
    private const byte EmptyMap = 0x80;
    private const byte Nil = 0xC0;
    private const byte ResultFollows = 3;

    private static readonly byte[] PingMessage = Prefixed([ArrayOf | 1, Ping]);
    private static readonly byte[] PingFrame = WebSocketFrames.FromClient(WebSocketFrames.Binary, PingMessage);
    private static readonly byte[] Handshake = [.. """{"protocol":"messagepack","version":1}"""u8, 0x1E];

    public ReadOnlySpan<byte> KeepAlive => PingFrame;

    public bool HasHeartbeats => true;

    public IMessageCounter Open(LoadSocket socket, Role role)
    {
        WebSocketFrames.Upgrade(socket, Path);
        socket.Send(WebSocketFrames.FromClient(WebSocketFrames.Binary, Handshake));
        string answer = socket.ReceiveUntil([0x1E]);
        return answer.EndsWith("{}\x1e", StringComparison.Ordinal)
            ? new WebSocketCounter(new FrameCounter(PingMessage))
            : throw new IOException($"The server has refused the handshake: {answer}");
    }

    public void Close(LoadSocket socket) => socket.Send(WebSocketFrames.NormalClose);

    public Flow Fence(Role role) => FlowOf("Echo", 1);

    public Flow FlowOf(Role role, int count) => role.Work switch
    {
        Work.Request => new Flow(
            new FrameRing(count, number => FromClient([ArrayOf | 6, Invocation, EmptyMap, .. Id(number), .. Call("Ask", number)])),
            new FrameRing(count, number => Prefixed(
                [ArrayOf | 5, Completion, EmptyMap, .. Id(number), ResultFollows, .. Words.MessagePack(number)]))),
        Work.OneWay => FlowOf("OneWay", count),
        _ => FlowOf(role.Work.IsFanOut ? "Announce" : "Echo", count),
    };

    private static Flow FlowOf(string target, int count) => new(
        new FrameRing(count, number => FromClient(Send(target, number))),
        new FrameRing(count, number => Prefixed(Send(target, number))));

    private static byte[] Send(string target, int number) => [ArrayOf | 6, Invocation, EmptyMap, Nil, .. Call(target, number)];

    /// <summary>Target, the arguments, and no streams.</summary>
    private static byte[] Call(string target, int number) =>
        [.. Text(target), ArrayOf | 1, .. Words.MessagePack(number), ArrayOf];

    private static byte[] Id(int number) => Text(number.ToString("D6", CultureInfo.InvariantCulture));

    private static byte[] Text(string text) => [(byte)(StringOf | text.Length), .. Encoding.ASCII.GetBytes(text)];

    private static byte[] FromClient(byte[] message) =>
        WebSocketFrames.FromClient(WebSocketFrames.Binary, Prefixed(message));

    /// <summary>The length in seven bits a byte, the low ones first; two bytes are enough here.</summary>
    private static byte[] Prefixed(byte[] message) => message.Length < 0x80
        ? [(byte)message.Length, .. message]
        : [(byte)(0x80 | (message.Length & 0x7F)), checked((byte)(message.Length >> 7)), .. message];
}
