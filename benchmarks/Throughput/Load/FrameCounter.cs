using System.Buffers.Binary;
using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>Counts the frames of a ring in a stream of bytes, whatever the pieces it comes in.</summary>
/// <remarks>Every header is checked, and the content of the first frame that lies whole in each piece.</remarks>
internal sealed class FrameCounter(FrameRing ring)
{
    private const ulong Heartbeat = (ulong)MessageCode.Heartbeat << 32;

    private readonly byte[] _header = new byte[Frame.HeaderSize];
    private int _headerFilled;
    private int _missing;

    public long Count { get; private set; }

    public void Add(ReadOnlySpan<byte> received)
    {
        received = FinishFrame(received);
        if (received.IsEmpty)
        {
            return;
        }

        CheckContent(received);

        long count = 0;
        int position = 0;
        while (received.Length - position >= Frame.HeaderSize)
        {
            int size = SizeOf(BinaryPrimitives.ReadUInt64BigEndian(received[position..]));
            count += size == Frame.HeaderSize ? 0 : 1;
            position += size;
        }

        if (position > received.Length)
        {
            count--;
            _missing = position - received.Length;
        }
        else
        {
            received[position..].CopyTo(_header);
            _headerFilled = received.Length - position;
        }

        Count += count;
    }

    /// <summary>Goes to the end of the frame that the last piece has left open.</summary>
    private ReadOnlySpan<byte> FinishFrame(ReadOnlySpan<byte> received)
    {
        if (_headerFilled > 0)
        {
            int step = Math.Min(Frame.HeaderSize - _headerFilled, received.Length);
            received[..step].CopyTo(_header.AsSpan(_headerFilled));
            received = received[step..];
            _headerFilled += step;
            if (_headerFilled < Frame.HeaderSize)
            {
                return [];
            }

            _headerFilled = 0;
            _missing = SizeOf(BinaryPrimitives.ReadUInt64BigEndian(_header)) - Frame.HeaderSize;
        }

        if (_missing > 0)
        {
            int step = Math.Min(_missing, received.Length);
            received = received[step..];
            _missing -= step;
            Count += _missing == 0 ? 1 : 0;
        }

        return received;
    }

    private void CheckContent(ReadOnlySpan<byte> received)
    {
        if (received.Length >= ring.FrameSize
            && BinaryPrimitives.ReadUInt64BigEndian(received) == ring.Header
            && !received[..ring.FrameSize].SequenceEqual(ring.Take(Count, 1)))
        {
            throw new InvalidDataException($"Message {Count} is not what was sent.");
        }
    }

    private int SizeOf(ulong header)
    {
        if (header == ring.Header)
        {
            return ring.FrameSize;
        }

        return header == Heartbeat
            ? Frame.HeaderSize
            : throw new InvalidDataException($"The header {header:X16} was not expected after {Count} messages.");
    }
}
