using System.Buffers;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>Frames of one encoding, side by side in pooled memory that grows. Not safe for concurrent use.</summary>
/// <param name="first">Somebody who gets them.</param>
internal sealed class GatheredFrames(GhmsConnection first)
{
    private const int FirstSize = 16 * 1_024;

    private byte[] _bytes = [];

    /// <summary>Whoever of those that get them accepts the least.</summary>
    public GhmsConnection Strictest { get; private set; } = first;

    public int Length { get; private set; }

    public int Count { get; private set; }

    public long Cost => Length + ((long)Count * OutboundOptions.FrameCharge);

    public GatheredFrames With(GhmsConnection another)
    {
        Strictest = another.MaxPayload < Strictest.MaxPayload ? another : Strictest;
        return this;
    }

    public void Add(FrameBuffer frame)
    {
        if (_bytes.Length - Length < frame.Length)
        {
            Grow(Length + frame.Length);
        }

        frame.Span.CopyTo(_bytes.AsSpan(Length));
        Length += frame.Length;
        Count++;
    }

    /// <summary>A copy of what there is, if anything.</summary>
    public FrameBuffer? Copy() => Count == 0 ? null : FrameBuffer.Copy(_bytes.AsSpan(0, Length), Count);

    /// <summary>What there is, if anything, with its memory.</summary>
    public FrameBuffer? Take()
    {
        var frames = Count == 0 ? null : FrameBuffer.Own(_bytes, Length, Count);
        (_bytes, Length, Count) = ([], 0, 0);
        return frames;
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(size, Math.Max(FirstSize, 2 * _bytes.Length)));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
