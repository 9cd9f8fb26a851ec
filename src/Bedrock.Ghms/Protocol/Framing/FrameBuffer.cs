using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;

namespace Bedrock.Ghms.Protocol.Framing;

/// <summary>A finished frame, header and payload, in pooled memory that several holders share by reference count.</summary>
/// <remarks>
/// Whoever rents it owns one reference; every further holder calls <see cref="Retain"/> first; each calls <see cref="Release"/>
/// exactly once. The last release gives the memory back. The bytes never change once the frame is shared.
/// </remarks>
internal sealed class FrameBuffer
{
    private const int PoolSize = 1_024;

    // A frame up to this size stands in an array that stays with its FrameBuffer: the shared array pool keeps only some dozens
    // of each size, which the queue of one busy connection exceeds.
    private const int SmallSize = 512;
    private static readonly ConcurrentQueue<FrameBuffer> Pool = new();
    private static int _pooled;
    private static int _outstanding;

    private byte[] _bytes = [];
    private byte[]? _small;
    private int _references;

    private FrameBuffer()
    {
    }

    /// <summary>Frames rented and not yet released by every holder; counted in debug builds only.</summary>
    public static int Outstanding => Volatile.Read(ref _outstanding);

    public int Length { get; private set; }

    /// <summary>How many frames stand here one after the other: one, unless they were gathered.</summary>
    public int Count { get; private set; }

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Payload => _bytes.AsMemory(FrameHeader.Size, Length - FrameHeader.Size);

    public int PayloadLength => Length - FrameHeader.Size;

    public uint Code => FrameHeader.Read(_bytes).Code;

    /// <summary>Whether a frame of <paramref name="length"/> bytes is better copied than to keep a rented array for it.</summary>
    public static bool IsSmall(int length) => length <= SmallSize;

    /// <summary>Takes over <paramref name="bytes"/>, rented from the shared array pool; the frame is the first <paramref name="length"/> of them.</summary>
    public static FrameBuffer Own(byte[] bytes, int length, int count = 1) => Take().Begin(bytes, length, count);

    /// <summary>Copies a finished frame, or several.</summary>
    public static FrameBuffer Copy(ReadOnlySpan<byte> finished, int count = 1)
    {
        var frame = Rent(finished.Length, count);
        finished.CopyTo(frame._bytes);
        return frame;
    }

    /// <summary>Copies <paramref name="payload"/> behind a fresh header.</summary>
    public static FrameBuffer Copy(uint code, in ReadOnlySequence<byte> payload)
    {
        var frame = Rent(FrameHeader.Size + checked((int)payload.Length));
        new FrameHeader(code, (uint)payload.Length).Write(frame._bytes);
        payload.CopyTo(frame._bytes.AsSpan(FrameHeader.Size));
        return frame;
    }

    public void Retain()
    {
        var references = Interlocked.Increment(ref _references);
        ObjectDisposedException.ThrowIf(references <= 1, this);
    }

    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left > 0)
        {
            return;
        }

        ObjectDisposedException.ThrowIf(left < 0, this);
        if (!ReferenceEquals(_bytes, _small))
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = [];
        Length = 0;
        CountReturn();
        if (Interlocked.Increment(ref _pooled) <= PoolSize)
        {
            Pool.Enqueue(this);
        }
        else
        {
            Interlocked.Decrement(ref _pooled);
        }
    }

    private static FrameBuffer Rent(int length, int count = 1)
    {
        var frame = Take();
        return frame.Begin(IsSmall(length) ? frame._small ??= new byte[SmallSize] : ArrayPool<byte>.Shared.Rent(length), length, count);
    }

    private static FrameBuffer Take()
    {
        if (!Pool.TryDequeue(out var frame))
        {
            return new FrameBuffer();
        }

        Interlocked.Decrement(ref _pooled);
        return frame;
    }

    private FrameBuffer Begin(byte[] bytes, int length, int count)
    {
        _bytes = bytes;
        Length = length;
        Count = count;
        Volatile.Write(ref _references, 1);
        CountRent();
        return this;
    }

    [Conditional("DEBUG")]
    private static void CountRent() => Interlocked.Increment(ref _outstanding);

    [Conditional("DEBUG")]
    private static void CountReturn() => Interlocked.Decrement(ref _outstanding);
}
