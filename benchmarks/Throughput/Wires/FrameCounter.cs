using System.Buffers.Binary;
using System.Text;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>Counts the frames of a ring in a stream of bytes, whatever the pieces it comes in.</summary>
/// <param name="other">A frame that may stand between them and is skipped, such as a heartbeat; of at most 8 bytes.</param>
/// <remarks>
/// The beginning of every frame is checked, which finds whatever is missing or too much before it, and the content of the
/// first frame that lies whole in each piece.
/// </remarks>
internal sealed class FrameCounter(byte[]? other = null) : IMessageCounter
{
    private const int Window = sizeof(ulong);

    private readonly byte[] _begun = new byte[Window];
    private readonly ulong _other = other is null ? 0 : Load(other);
    private readonly int _otherSize = other?.Length ?? 0;
    private FrameRing _ring = FrameRing.Of([0]);
    private int _prefixSize;
    private ulong _prefix;
    private ulong _mask;
    private int _begunSize;
    private int _missing;

    public long Count { get; private set; }

    public void Expect(FrameRing ring)
    {
        _ring = ring;
        _prefixSize = other?.Length ?? Math.Min(ring.CommonPrefix, Window);
        _mask = ulong.MaxValue << (8 * (Window - _prefixSize));
        _prefix = Load(ring.Take(0, 1)[.._prefixSize]);
        Count = 0;
    }

    public void Add(ReadOnlySpan<byte> received)
    {
        while (received.Length > 0 && (_begunSize > 0 || _missing > 0))
        {
            received = FinishFrame(received);
        }

        CheckContent(received);
        received = CountFrames(received);
        while (received.Length > 0)
        {
            received = FinishFrame(received);
        }
    }

    /// <summary>Goes over the frames that begin in at least 8 bytes; the last of them may be left open.</summary>
    private ReadOnlySpan<byte> CountFrames(ReadOnlySpan<byte> received)
    {
        long count = 0;
        int position = 0;
        while (received.Length - position >= Window)
        {
            count += IsMessage(BinaryPrimitives.ReadUInt64BigEndian(received[position..]), out int size) ? 1 : 0;
            if (size == 0)
            {
                Count += count;
                throw Unexpected(received[position..]);
            }

            position += size;
        }

        Count += count;
        if (position <= received.Length)
        {
            return received[position..];
        }

        Count--;
        _missing = position - received.Length;
        return [];
    }

    /// <summary>Goes to the end of one frame that came, or comes, in pieces.</summary>
    private ReadOnlySpan<byte> FinishFrame(ReadOnlySpan<byte> received)
    {
        if (_missing == 0)
        {
            int begins = Math.Min(_prefixSize - _begunSize, received.Length);
            received[..begins].CopyTo(_begun.AsSpan(_begunSize));
            received = received[begins..];
            _begunSize += begins;
            if (_begunSize < _prefixSize)
            {
                return received;
            }

            bool isMessage = IsMessage(Load(_begun.AsSpan(0, _prefixSize)), out int size);
            if (size == 0)
            {
                throw Unexpected([.. _begun.AsSpan(0, _prefixSize), .. received]);
            }

            _begunSize = 0;
            _missing = size - _prefixSize;
            Count += _missing == 0 && isMessage ? 1 : 0;
        }

        if (_missing > 0)
        {
            int ends = Math.Min(_missing, received.Length);
            received = received[ends..];
            _missing -= ends;
            Count += _missing == 0 ? 1 : 0;
        }

        return received;
    }

    private void CheckContent(ReadOnlySpan<byte> received)
    {
        if (received.Length >= Math.Max(_ring.FrameSize, Window)
            && (BinaryPrimitives.ReadUInt64BigEndian(received) & _mask) == _prefix
            && !received[.._ring.FrameSize].SequenceEqual(_ring.Take(Count, 1)))
        {
            throw new InvalidDataException($"Message {Count} is not what was sent.");
        }
    }

    /// <summary>Tells by its beginning whether a frame is of the ring. If it is not the other one either, it has no size.</summary>
    private bool IsMessage(ulong beginning, out int size)
    {
        if ((beginning & _mask) == _prefix)
        {
            size = _ring.FrameSize;
            return true;
        }

        size = (beginning & _mask) == _other ? _otherSize : 0;
        return false;
    }

    /// <summary>Shows what came, because it may be what the server has to say about the end of the connection.</summary>
    private InvalidDataException Unexpected(ReadOnlySpan<byte> received)
    {
        const int Shown = 64;
        received = received[..Math.Min(received.Length, Shown)];
        string text = string.Concat(Encoding.Latin1.GetString(received).Select(each => char.IsAsciiLetterOrDigit(each) ? each : '.'));
        return new InvalidDataException($"After {Count} messages came '{text}' ({Convert.ToHexString(received)}).");
    }

    private static ulong Load(ReadOnlySpan<byte> bytes)
    {
        Span<byte> window = stackalloc byte[Window];
        window.Clear();
        bytes.CopyTo(window);
        return BinaryPrimitives.ReadUInt64BigEndian(window);
    }
}
