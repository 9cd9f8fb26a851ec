using System.Buffers;
using System.Buffers.Binary;

namespace Bedrock.Ghms.Protocol.Framing;

/// <summary>The eight bytes before every payload: a message code and the payload's length, both u32 in network order.</summary>
/// <param name="Code">The message code.</param>
/// <param name="Length">The payload's length in bytes; the header is not counted.</param>
public readonly record struct FrameHeader(uint Code, uint Length)
{
    /// <summary>The header's own size in bytes: 8.</summary>
    public const int Size = 8;

    /// <summary>Reads a header from the start of <paramref name="source"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="source"/> is shorter than <see cref="Size"/>.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt32BigEndian(source),
        BinaryPrimitives.ReadUInt32BigEndian(source[4..]));

    /// <summary>Reads a header from the start of <paramref name="source"/> if all of it has arrived.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> source, out FrameHeader header)
    {
        if (source.FirstSpan.Length >= Size)
        {
            header = Read(source.FirstSpan);
            return true;
        }

        if (source.Length < Size)
        {
            header = default;
            return false;
        }

        Span<byte> bytes = stackalloc byte[Size];
        source.Slice(0, Size).CopyTo(bytes);
        header = Read(bytes);
        return true;
    }

    /// <summary>Writes this header to the start of <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="destination"/> is shorter than <see cref="Size"/>.</exception>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, Code);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], Length);
    }
}
