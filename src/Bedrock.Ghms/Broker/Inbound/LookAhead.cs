using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Inbound;

/// <summary>Messages that arrived while a handler is pending, copied out of the transport's memory, bounded in bytes.</summary>
internal struct LookAhead
{
    private Queue<FrameBuffer>? _frames;
    private long _bytes;

    public readonly bool IsEmpty => _frames is null;

    /// <summary>Whether <paramref name="frame"/> must wait in the transport, since no more than <paramref name="capacity"/> bytes may be here. One message
    /// always has room, however large.</summary>
    public readonly bool IsFullFor(in Frame frame, int capacity) => _bytes > 0 && _bytes + Cost(frame.Payload.Length) > capacity;

    public void Add(in Frame frame)
    {
        _frames ??= new Queue<FrameBuffer>();
        _frames.Enqueue(FrameBuffer.Copy(frame.Code, frame.Payload));
        _bytes += Cost(frame.Payload.Length);
    }

    /// <summary>Takes the oldest message; the caller releases it.</summary>
    public FrameBuffer? Take()
    {
        if (_frames is null)
        {
            return null;
        }

        var frame = _frames.Dequeue();
        _bytes -= Cost(frame.PayloadLength);
        if (_frames.Count == 0)
        {
            _frames = null;
        }

        return frame;
    }

    public void Clear()
    {
        while (Take() is { } frame)
        {
            frame.Release();
        }
    }

    private static long Cost(long payload) => payload + FrameHeader.Size + OutboundOptions.FrameCharge;
}
