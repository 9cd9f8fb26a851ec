using System.Buffers;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>
/// The buffer that encoders write to. It begins in memory lent by the caller, such as a pipe's own span, and moves to a pooled
/// array when it outgrows that; nothing is committed anywhere until the encoder has returned.
/// </summary>
/// <remarks>
/// An encoder is user code: it may throw at any byte, send other messages on the same thread while it runs, or keep the
/// buffer afterwards. So one that is in use is nobody else's, be it a connection's own or taken from its thread's cache, and
/// one that is done refuses every call.
/// </remarks>
internal sealed class FrameEncoder : IBufferWriter<byte>
{
    [ThreadStatic]
    private static FrameEncoder? _cached;

    private Memory<byte> _memory;
    private byte[]? _rented;
    private int _written;
    private int _limit;

    /// <summary>Encodes into <paramref name="lent"/>, header included, if the frame fits there.</summary>
    /// <returns>The frame's length when it stands in <paramref name="lent"/>; else 0 and the finished <paramref name="frame"/>.</returns>
    public int EncodeInto(Memory<byte> lent, MessageType type, int ordinal, object message, int maxPayload, out FrameBuffer? frame)
    {
        Begin(lent, maxPayload);
        try
        {
            type.Encode(message, ordinal, this);
            return Finish(type.Code, out frame);
        }
        finally
        {
            End();
        }
    }

    /// <summary>Encodes into pooled memory that several connections can share.</summary>
    public static FrameBuffer Encode(MessageType type, int ordinal, object message, int maxPayload, int sizeHint)
    {
        var encoder = _cached ?? new FrameEncoder();
        _cached = null;
        encoder.Begin(default, maxPayload);
        try
        {
            encoder.Grow(FrameHeader.Size + sizeHint);
            type.Encode(message, ordinal, encoder);
            encoder.Finish(type.Code, out var frame);
            return frame!;
        }
        finally
        {
            encoder.End();
            _cached = encoder;
        }
    }

    public void Advance(int count)
    {
        ThrowIfReturned();
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _memory.Length - _written);
        if (_written + count > _limit)
        {
            ThrowTooLarge();
        }

        _written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _memory[_written..];
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _memory.Span[_written..];
    }

    private void Begin(Memory<byte> memory, int maxPayload)
    {
        _memory = memory;
        _written = FrameHeader.Size;
        _limit = (int)Math.Min(FrameHeader.Size + (long)maxPayload, Array.MaxLength);
    }

    private void End()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
            _rented = null;
        }

        _memory = default;
        _written = 0;
    }

    private int Finish(uint code, out FrameBuffer? frame)
    {
        new FrameHeader(code, (uint)(_written - FrameHeader.Size)).Write(_memory.Span);
        if (_rented is null)
        {
            frame = null;
            return _written;
        }

        if (FrameBuffer.IsSmall(_written))
        {
            frame = FrameBuffer.Copy(_memory.Span[.._written]);
            return 0;
        }

        frame = FrameBuffer.Own(_rented, _written);
        _rented = null;
        return 0;
    }

    private void Ensure(int sizeHint)
    {
        ThrowIfReturned();
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_memory.Length - _written < Math.Max(sizeHint, 1))
        {
            Grow(sizeHint);
        }
    }

    private void Grow(int sizeHint)
    {
        var size = (int)Math.Min(Math.Max(2L * _memory.Length, _written + Math.Max(sizeHint, 1L)), Array.MaxLength);
        var bytes = ArrayPool<byte>.Shared.Rent(size);
        if (_memory.Length > 0)
        {
            _memory.Span[.._written].CopyTo(bytes);
        }

        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }

        _rented = bytes;
        _memory = bytes;
    }

    private void ThrowIfReturned() => ObjectDisposedException.ThrowIf(_written == 0, this);

    private void ThrowTooLarge() =>
        throw new GhmsMessageTooLargeException($"The message's payload exceeds {_limit - FrameHeader.Size} bytes.");
}
