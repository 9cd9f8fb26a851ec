using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>Encoded messages, each different and all of one size, in an endless order.</summary>
internal sealed class FrameRing
{
    private const int WordLength = 100;

    private readonly byte[] _bytes;
    private readonly int _count;

    /// <summary>Makes a ring of which up to <paramref name="count"/> frames can be sent as one piece.</summary>
    public FrameRing(uint code, int count)
        : this([.. Enumerable.Range(0, count).Select(number => Encode(code, Payload(number)))])
    {
    }

    private FrameRing(byte[][] frames)
    {
        _count = frames.Length;

        // Twice over, so that no piece has to go around the end.
        _bytes = [.. frames.SelectMany(frame => frame), .. frames.SelectMany(frame => frame)];
        FrameSize = frames[0].Length;
        Header = BinaryPrimitives.ReadUInt64BigEndian(_bytes);
    }

    public int FrameSize { get; }

    /// <summary>The header that every frame begins with.</summary>
    public ulong Header { get; }

    /// <summary>Makes a ring of such messages inside others: behind an id, which is the message's number, and their own code.</summary>
    public static FrameRing OfEnvelopes(uint envelope, uint code, int count) =>
        new([.. Enumerable.Range(0, count).Select(number => Encode(envelope, Wrap((ulong)number, code, Payload(number))))]);

    public ReadOnlySpan<byte> Take(long first, int count) =>
        _bytes.AsSpan((int)(first % _count) * FrameSize, count * FrameSize);

    private static byte[] Payload(int number)
    {
        string word = number.ToString(CultureInfo.InvariantCulture).PadLeft(WordLength, '.');

        // A MessagePack map of one: a short string as its key, one of up to 255 bytes as its value.
        return [0x81, 0xA4, .. "Word"u8, 0xD9, WordLength, .. Encoding.ASCII.GetBytes(word)];
    }

    private static byte[] Wrap(ulong id, uint code, byte[] payload)
    {
        byte[] wrapped = new byte[sizeof(ulong) + sizeof(uint) + payload.Length];
        BinaryPrimitives.WriteUInt64BigEndian(wrapped, id);
        BinaryPrimitives.WriteUInt32BigEndian(wrapped.AsSpan(sizeof(ulong)), code);
        payload.CopyTo(wrapped, sizeof(ulong) + sizeof(uint));
        return wrapped;
    }

    private static byte[] Encode(uint code, byte[] payload)
    {
        byte[] frame = new byte[Frame.HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, code);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), payload.Length);
        payload.CopyTo(frame, Frame.HeaderSize);
        return frame;
    }
}
