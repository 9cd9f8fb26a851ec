using System.Buffers;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>The ways in which the same bytes may arrive: each is a list of calls, each call one sequence.</summary>
internal static class Deliveries
{
    public static IEnumerable<(string Name, IReadOnlyList<ReadOnlySequence<byte>> Calls)> Of(byte[] bytes)
    {
        var memory = bytes.AsMemory();
        yield return ("whole", [new(memory)]);
        yield return ("empty first segment", [Segments.Of(default, memory)]);
        yield return ("one byte per call", [.. Enumerable.Range(0, bytes.Length).Select(i => new ReadOnlySequence<byte>(memory.Slice(i, 1)))]);
        yield return ("one byte per segment", [Segments.Cut(memory, 1)]);

        // Long inputs are cut at some points only: near both ends and at odd steps between.
        var step = bytes.Length < 1_000 ? 1 : 997;
        for (var cut = 1; cut < bytes.Length; cut += step)
        {
            yield return ($"calls cut at {cut}", [new(memory[..cut]), new(memory[cut..])]);
            yield return ($"segments cut at {cut}", [Segments.Of(memory[..cut], memory[cut..])]);
        }
    }
}
