using System.Buffers;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

/// <summary>Moves payloads in and out of codecs, cut into segments as a connection might cut them.</summary>
internal static class Payloads
{
    public static byte[] Encode(this MessageCodec codec, object message)
    {
        var output = new ArrayBufferWriter<byte>();
        codec.Encode(message, output);
        return output.WrittenSpan.ToArray();
    }

    public static object Decode(this MessageCodec codec, ReadOnlySpan<byte> payload) => codec.Decode(new ReadOnlySequence<byte>(payload.ToArray()));

    /// <summary>The payload as one segment, as every pair of segments, and as one segment a byte.</summary>
    public static IEnumerable<ReadOnlySequence<byte>> Cuts(byte[] payload)
    {
        yield return new(payload);
        for (var i = 0; i <= payload.Length; i++)
        {
            yield return Join([payload.AsMemory(0, i), payload.AsMemory(i)]);
        }

        if (payload.Length > 0)
        {
            yield return Join([.. Enumerable.Range(0, payload.Length).Select(i => new ReadOnlyMemory<byte>(payload, i, 1))]);
        }
    }

    private static ReadOnlySequence<byte> Join(params ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        var first = new Segment(parts[0], null);
        var last = first;
        foreach (var part in parts[1..])
        {
            last = new Segment(part, last);
        }

        return new(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
