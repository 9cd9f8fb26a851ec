namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>Encoded messages, each different and all of one size, in an endless order.</summary>
internal sealed class FrameRing
{
    private readonly byte[] _bytes;
    private readonly int _count;

    /// <summary>Makes a ring of which up to <paramref name="count"/> frames can be sent as one piece.</summary>
    public FrameRing(int count, Func<int, byte[]> frame)
    {
        byte[][] frames = [.. Enumerable.Range(0, count).Select(frame)];
        _count = count;

        // Twice over, so that no piece has to go around the end.
        _bytes = [.. frames.SelectMany(each => each), .. frames.SelectMany(each => each)];
        FrameSize = frames[0].Length;
        CommonPrefix = frames.Min(each => each.AsSpan().CommonPrefixLength(frames[0]));
    }

    public int FrameSize { get; }

    /// <summary>How many bytes all frames begin with.</summary>
    public int CommonPrefix { get; }

    public static FrameRing Of(byte[] frame) => new(1, _ => frame);

    public ReadOnlySpan<byte> Take(long first, int count) =>
        _bytes.AsSpan((int)(first % _count) * FrameSize, count * FrameSize);
}
