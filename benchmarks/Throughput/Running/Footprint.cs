using System.Globalization;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>What a server holds, in one line of text between the two processes.</summary>
/// <param name="HeapBytes">
/// What is reachable on the managed heap: objects of every kind, and with them the pinned blocks that pools lend out or keep. Not in it are the
/// system's socket buffers and what the runtime itself holds.
/// </param>
/// <param name="ResidentBytes">The memory that the process holds of the machine's, with what its heap keeps for later.</param>
internal readonly record struct Footprint(long HeapBytes, long ResidentBytes)
{
    /// <summary>Takes the measure of this process, after everything that can go has gone.</summary>
    public static Footprint Now()
    {
        // Twice, for what only a finalizer lets go of.
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        return new Footprint(GC.GetTotalMemory(forceFullCollection: false), Environment.WorkingSet);
    }

    public static Footprint Parse(string line)
    {
        string[] parts = line.Split(' ');
        return new Footprint(long.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    public static Footprint operator -(Footprint after, Footprint before) =>
        new(after.HeapBytes - before.HeapBytes, after.ResidentBytes - before.ResidentBytes);

    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{HeapBytes} {ResidentBytes}");
}
