using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>One gRPC call on each connection; each message in a DATA frame of its own, as a client sends it that does not wait for a second one.</summary>
internal sealed class GrpcWire : IWire
{
    private const byte CodeField = 0x08;
    private const byte WordField = 0x12;

    private static readonly byte[] End = Http2Frames.Frame(Http2Frames.Data, Http2Frames.EndStream, Http2Frames.Stream, []);
    private static readonly byte[] GoAway = Http2Frames.Frame(Http2Frames.GoAway, 0, 0, new byte[8]);

    public IMessageCounter Open(LoadSocket socket, Role role)
    {
        var counter = new Http2Counter(new FrameCounter(), frames => socket.Send(frames));
        socket.Send(Http2Frames.Preface);
        while (!counter.HasSettings)
        {
            counter.Add(socket.Receive());
        }

        socket.Send(Http2Frames.Call("/load.Exchange/Run", socket.Server.ToString()));
        if (role.Work == Work.Idle)
        {
            // A call is taken without a word, so that it has to be tried.
            (FrameRing sent, FrameRing received) = FlowOf(MessageCode.Echo, 1);
            counter.Expect(received);
            socket.Send(sent.Take(0, 1));
            while (counter.Count == 0)
            {
                counter.Add(socket.Receive());
            }
        }

        return counter;
    }

    public void Close(LoadSocket socket)
    {
        // The last field of the trailers is the status, and 0 is the good one.
        socket.Send(End);
        socket.ReceiveUntil([1, (byte)'0']);
        socket.Send(GoAway);
    }

    public Flow Fence(Role role) => FlowOf(MessageCode.Echo, 1);

    public Flow FlowOf(Role role, int count) => FlowOf(
        role.Work == Work.OneWay ? MessageCode.OneWay : role.Work.IsFanOut ? MessageCode.Announcement : MessageCode.Echo, count);

    private static Flow FlowOf(uint code, int count) => new(
        new FrameRing(count, number => Http2Frames.Frame(Http2Frames.Data, 0, Http2Frames.Stream, Message(code, number))),
        new FrameRing(count, number => Message(code, number)));

    private static byte[] Message(uint code, int number)
    {
        byte[] parcel = [CodeField, (byte)code, WordField, Words.Length, .. Words.Word(number)];
        return [0, 0, 0, 0, (byte)parcel.Length, .. parcel];
    }
}
