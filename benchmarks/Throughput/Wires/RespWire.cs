using System.Text;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>Publish and subscribe of Redis, with RESP3, where one connection may do both.</summary>
internal sealed class RespWire : IWire
{
    private static readonly byte[] Silence = [.. "CLIENT REPLY OFF\r\n"u8];

    // Publications are not answered; what lifts that is.
    private static readonly Flow Barrier = new(
        FrameRing.Of([.. "CLIENT REPLY ON\r\n"u8, .. Silence]), FrameRing.Of([.. "+OK\r\n"u8]));

    public IMessageCounter Open(LoadSocket socket, Role role)
    {
        socket.Send(Encoding.ASCII.GetBytes($"HELLO 3\r\nSUBSCRIBE {BrokerTopic.Of(role)}\r\nPING\r\n"));
        socket.ReceiveUntil("+PONG\r\n"u8);
        socket.Send(Silence);
        return new FrameCounter();
    }

    public int Variant(Role role) => BrokerTopic.Variant(role);

    public Flow Fence(Role role) => Barrier;

    public Flow FlowOf(Role role, int count) => new(
        new FrameRing(count, number => Array('*', "PUBLISH", role, number)),
        new FrameRing(count, number => Array('>', "message", role, number)));

    private static byte[] Array(char type, string verb, Role role, int number) =>
    [
        .. Encoding.ASCII.GetBytes($"{type}3\r\n"),
        .. Bulk(Encoding.ASCII.GetBytes(verb)),
        .. Bulk(Encoding.ASCII.GetBytes(BrokerTopic.Of(role))),
        .. Bulk(Words.MessagePack(number)),
    ];

    private static byte[] Bulk(byte[] bytes) => [.. Encoding.ASCII.GetBytes($"${bytes.Length}\r\n"), .. bytes, .. "\r\n"u8];
}
