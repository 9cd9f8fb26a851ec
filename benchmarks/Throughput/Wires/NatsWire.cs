using System.Text;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>NATS without acknowledgements, as its clients have it.</summary>
internal sealed class NatsWire : IWire
{
    // The server asks once soon after the beginning, and then not for minutes; it does not insist on an answer.
    private static readonly byte[] Ping = [.. "PING\r\n"u8];
    private static readonly byte[] Pong = [.. "PONG\r\n"u8];

    public IMessageCounter Open(LoadSocket socket, Role role)
    {
        socket.ReceiveUntil("\r\n"u8);
        socket.Send(Encoding.ASCII.GetBytes(
            $"CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nSUB {BrokerTopic.Of(role)} 1\r\nPING\r\n"));
        socket.ReceiveUntil(Pong);
        return new FrameCounter(Ping);
    }

    public int Variant(Role role) => BrokerTopic.Variant(role);

    public Flow Fence(Role role) => new(FrameRing.Of(Ping), FrameRing.Of(Pong));

    public Flow FlowOf(Role role, int count) => new(
        new FrameRing(count, number => Message($"PUB {BrokerTopic.Of(role)}", number)),
        new FrameRing(count, number => Message($"MSG {BrokerTopic.Of(role)} 1", number)));

    private static byte[] Message(string head, int number)
    {
        byte[] payload = Words.MessagePack(number);
        return [.. Encoding.ASCII.GetBytes($"{head} {payload.Length}\r\n"), .. payload, .. "\r\n"u8];
    }
}
