using System.Buffers.Binary;

namespace Bedrock.Ghms.Baseline;

/// <summary>One message as it was received, header and payload in one piece.</summary>
public readonly record struct Frame(ReadOnlyMemory<byte> Bytes)
{
    public const int HeaderSize = 8;
    public const int MaxPayload = 1_000_000;

    public uint Code => BinaryPrimitives.ReadUInt32BigEndian(Bytes.Span);

    public ReadOnlyMemory<byte> Payload => Bytes[HeaderSize..];

    /// <summary>The size of a whole frame, judged on its header alone.</summary>
    public static int SizeFrom(ReadOnlySpan<byte> header)
    {
        uint payload = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        return payload <= MaxPayload
            ? HeaderSize + (int)payload
            : throw new InvalidDataException($"A payload of {payload} bytes is over the limit of {MaxPayload}.");
    }
}
