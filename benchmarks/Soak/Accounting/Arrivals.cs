using Bedrock.Ghms.Soak.Serving;

namespace Bedrock.Ghms.Soak.Accounting;

/// <summary>What has arrived of one stream on one connection.</summary>
internal sealed class Arrivals
{
    public long Count { get; private set; }

    public long First { get; private set; } = -1;

    public long Last { get; private set; } = -1;

    /// <summary>Takes in the next one.</summary>
    /// <returns>What is wrong with it, if anything is.</returns>
    public string? Add(JournalEntry entry)
    {
        var wrong =
            entry.Position < Count ? $"position {entry.Position} came twice, or late"
            : entry.Position > Count ? $"position {entry.Position} came where {Count} was due"
            : entry.Number <= Last ? $"number {entry.Number} came after {Last}"
            : null;
        Count = entry.Position + 1;
        First = First < 0 ? entry.Number : First;
        Last = entry.Number;
        return wrong;
    }
}
