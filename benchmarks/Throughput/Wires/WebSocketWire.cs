using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>A WebSocket message for each message: its code in one byte, and MessagePack.</summary>
internal sealed class WebSocketWire : IWire
{
    public IMessageCounter Open(LoadSocket socket, Role role)
    {
        WebSocketFrames.Upgrade(socket, "/");
        return new FrameCounter();
    }

    public void Close(LoadSocket socket) => socket.Send(WebSocketFrames.NormalClose);

    public Flow Fence(Role role) => FlowOf(MessageCode.Echo, 1);

    public Flow FlowOf(Role role, int count) => FlowOf(
        role.Work == Work.OneWay ? MessageCode.OneWay : role.Work.IsFanOut ? MessageCode.Announcement : MessageCode.Echo, count);

    private static Flow FlowOf(uint code, int count) => new(
        new FrameRing(count, number => WebSocketFrames.FromClient(WebSocketFrames.Binary, Message(code, number))),
        new FrameRing(count, number => WebSocketFrames.FromServer(WebSocketFrames.Binary, Message(code, number))));

    private static byte[] Message(uint code, int number) => [(byte)code, .. Words.MessagePack(number)];
}
