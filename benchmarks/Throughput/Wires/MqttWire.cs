using System.Globalization;
using System.Text;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>MQTT 3.1.1 at QoS 0, which has fewer bytes than 5.0 in each message.</summary>
internal sealed class MqttWire : IWire
{
    private const byte Connect = 0x10;
    private const byte Publish = 0x30;
    private const byte Subscribe = 0x82;
    private const byte Level311 = 4;
    private const byte CleanSession = 2;

    private static readonly byte[] Disconnect = [0xE0, 0];
    private static readonly byte[] PingRequest = [0xC0, 0];
    private static readonly byte[] PingResponse = [0xD0, 0];

    private int _names;

    public ReadOnlySpan<byte> KeepAlive => PingRequest;

    public bool HasHeartbeats => true;

    public IMessageCounter Open(LoadSocket socket, Role role)
    {
        // No keep-alive, and a name that nobody has had before: who comes under another's name ends the other's connection.
        string name = Interlocked.Increment(ref _names).ToString(CultureInfo.InvariantCulture);
        socket.Send(
        [
            .. Packet(Connect, [.. Text("MQTT"), Level311, CleanSession, 0, 0, .. Text(name)]),
            .. Packet(Subscribe, [0, 1, .. Text(BrokerTopic.Of(role)), 0]),
            .. PingRequest,
        ]);
        byte[] granted = [0x20, 2, 0, 0, 0x90, 3, 0, 1, 0];
        string answer = socket.ReceiveUntil(PingResponse);
        return answer.StartsWith(Encoding.Latin1.GetString(granted), StringComparison.Ordinal)
            ? new FrameCounter(PingResponse)
            : throw new IOException($"The broker has refused connection or subscription: {Convert.ToHexString(Encoding.Latin1.GetBytes(answer))}");
    }

    public int Variant(Role role) => BrokerTopic.Variant(role);

    public void Close(LoadSocket socket) => socket.Send(Disconnect);

    public Flow Fence(Role role) => new(FrameRing.Of(PingRequest), FrameRing.Of(PingResponse));

    public Flow FlowOf(Role role, int count) => Flow.Same(
        new FrameRing(count, number => Packet(Publish, [.. Text(BrokerTopic.Of(role)), .. Words.MessagePack(number)])));

    private static byte[] Packet(byte type, byte[] content) => content.Length < 0x80
        ? [type, (byte)content.Length, .. content]
        : throw new ArgumentException("One byte has to be enough for the length.", nameof(content));

    private static byte[] Text(string text) => [0, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
