using System.Buffers;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>Frames of one encoding, side by side in pooled memory that grows. Made to be used again; not safe for concurrent use.</summary>
internal sealed class GatheredFrames
{
    private const int FirstSize = 16 * 1_024;

    private byte[] _bytes = [];
    private int _length;
    private int _count;

    /// <summary>Whoever of those that get them accepts the least; <see langword="null"/> where nobody does.</summary>
    public GhmsConnection? Strictest { get; private set; }

    /// <summary>What there was when it was <see cref="Close"/>d, if anything.</summary>
    public FrameBuffer? Frames { get; private set; }

    public long Cost => _length + ((long)_count * OutboundOptions.FrameCharge);

    public void AddRecipient(GhmsConnection recipient) =>
        Strictest = recipient.MaxPayload < Strictest?.MaxPayload ? recipient : Strictest ?? recipient;

    public void Add(FrameBuffer frame)
    {
        if (_bytes.Length - _length < frame.Length)
        {
            Grow(_length + frame.Length);
        }

        frame.Span.CopyTo(_bytes.AsSpan(_length));
        _length += frame.Length;
        _count++;
    }

    /// <summary>A copy of what there is, if anything.</summary>
    public FrameBuffer? Copy() => _count == 0 ? null : FrameBuffer.Copy(_bytes.AsSpan(0, _length), _count);

    /// <summary>Makes <see cref="Frames"/> of what there is, without a copy.</summary>
    public void Close()
    {
        Frames = _count == 0 ? null : FrameBuffer.Own(_bytes, _length, _count);
        (_bytes, _length, _count) = ([], 0, 0);
    }

    /// <summary>Lets go of everything.</summary>
    public void Clear()
    {
        Frames?.Release();
        Frames = null;
        Strictest = null;
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(size, Math.Max(FirstSize, 2 * _bytes.Length)));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
