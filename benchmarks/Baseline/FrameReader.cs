using System.Buffers;

namespace Bedrock.Ghms.Baseline;

/// <summary>Takes whole frames off the front of what a connection has received.</summary>
/// <remarks>
/// Nearly every frame lies within one segment and is handed out where it is. One that lies across segments is joined
/// in a buffer of this reader first, so a frame is valid only until the next one is taken.
/// </remarks>
public sealed class FrameReader
{
    private ReadOnlySequence<byte> _rest;
    private ReadOnlyMemory<byte> _segment;
    private int _used;
    private byte[] _joined = [];

    /// <summary>The end of the last frame taken.</summary>
    public SequencePosition Consumed => _rest.GetPosition(_used);

    public void Begin(in ReadOnlySequence<byte> received)
    {
        _rest = received;
        _segment = received.First;
        _used = 0;
    }

    public bool TryRead(out Frame frame)
    {
        ReadOnlySpan<byte> here = _segment.Span[_used..];
        if (here.Length >= Frame.HeaderSize)
        {
            int size = Frame.SizeFrom(here);
            if (here.Length >= size)
            {
                frame = new Frame(_segment.Slice(_used, size));
                _used += size;
                return true;
            }
        }

        return TryReadAcross(out frame);
    }

    private bool TryReadAcross(out Frame frame)
    {
        Begin(_rest.Slice(_used));
        frame = default;
        if (_rest.Length < Frame.HeaderSize)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[Frame.HeaderSize];
        _rest.Slice(0, Frame.HeaderSize).CopyTo(header);
        int size = Frame.SizeFrom(header);
        if (_rest.Length < size)
        {
            return false;
        }

        if (_joined.Length < size)
        {
            _joined = new byte[size];
        }

        _rest.Slice(0, size).CopyTo(_joined);
        frame = new Frame(_joined.AsMemory(0, size));
        Begin(_rest.Slice(size));
        return true;
    }
}
