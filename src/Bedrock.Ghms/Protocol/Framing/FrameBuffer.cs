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
    private static readonly ConcurrentQueue<FrameBuffer> Pool = new();
    private static int _pooled;
    private static int _outstanding;

    private byte[] _bytes = [];
    private int _references;

    private FrameBuffer()
    {
    }

    /// <summary>Frames rented and not yet released by every holder; counted in debug builds only.</summary>
    public static int Outstanding => Volatile.Read(ref _outstanding);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Payload => _bytes.AsMemory(FrameHeader.Size, Length - FrameHeader.Size);

    public int PayloadLength => Length - FrameHeader.Size;

    public uint Code => FrameHeader.Read(_bytes).Code;

    /// <summary>Takes over <paramref name="bytes"/>, rented from the shared array pool; the frame is the first <paramref name="length"/> of them.</summary>
    public static FrameBuffer Own(byte[] bytes, int length)
    {
        if (Pool.TryDequeue(out var frame))
        {
            Interlocked.Decrement(ref _pooled);
        }
        else
        {
            frame = new FrameBuffer();
        }

        frame._bytes = bytes;
        frame.Length = length;
        Volatile.Write(ref frame._references, 1);
        CountRent();
        return frame;
    }

    /// <summary>Copies <paramref name="payload"/> behind a fresh header.</summary>
    public static FrameBuffer Copy(uint code, in ReadOnlySequence<byte> payload)
    {
        var length = FrameHeader.Size + checked((int)payload.Length);
        var bytes = ArrayPool<byte>.Shared.Rent(length);
        new FrameHeader(code, (uint)payload.Length).Write(bytes);
        payload.CopyTo(bytes.AsSpan(FrameHeader.Size));
        return Own(bytes, length);
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
        ArrayPool<byte>.Shared.Return(_bytes);
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

    [Conditional("DEBUG")]
    private static void CountRent() => Interlocked.Increment(ref _outstanding);

    [Conditional("DEBUG")]
    private static void CountReturn() => Interlocked.Decrement(ref _outstanding);
}
