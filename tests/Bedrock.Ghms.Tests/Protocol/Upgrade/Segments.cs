using System.Buffers;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>Builds sequences of several segments.</summary>
internal static class Segments
{
    public static ReadOnlySequence<byte> Of(params IEnumerable<ReadOnlyMemory<byte>> parts)
    {
        Segment? first = null;
        Segment? last = null;
        foreach (var part in parts)
        {
            last = new Segment(part, last);
            first ??= last;
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new(first, 0, last!, last!.Memory.Length);
    }

    public static ReadOnlySequence<byte> Cut(ReadOnlyMemory<byte> bytes, int size)
        => Of(Enumerable.Range(0, (bytes.Length + size - 1) / size).Select(i => bytes[(i * size)..Math.Min(bytes.Length, (i + 1) * size)]));

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
