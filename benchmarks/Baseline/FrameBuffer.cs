using System.Buffers;
using System.Buffers.Binary;

namespace Bedrock.Ghms.Baseline;

/// <summary>Frames put together in one piece, to be given to a pipe with a single copy and a single flush.</summary>
/// <remarks>A pipe's own memory would do, but a length that is known last could not be put in front there.</remarks>
public sealed class FrameBuffer : IBufferWriter<byte>
{
    private byte[] _bytes = [];
    private int _used;
    private int _frame;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _used);

    public bool IsEmpty => _used == 0;

    public void Clear() => _used = 0;

    /// <summary>Leaves room for the header of the frame whose payload is written next.</summary>
    public void BeginFrame(uint code)
    {
        BinaryPrimitives.WriteUInt32BigEndian(GetSpan(Frame.HeaderSize), code);
        _frame = _used;
        _used += Frame.HeaderSize;
    }

    public void EndFrame() =>
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_frame + 4), _used - _frame - Frame.HeaderSize);

    public void Append(ReadOnlySpan<byte> frame)
    {
        frame.CopyTo(GetSpan(frame.Length));
        _used += frame.Length;
    }

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_used);
    }

    private void Reserve(int size)
    {
        if (_bytes.Length - _used < Math.Max(size, 1))
        {
            Array.Resize(ref _bytes, Math.Max(_used + size, Math.Max(2 * _bytes.Length, 4096)));
        }
    }
}
