namespace Bedrock.Ghms.Soak.Accounting;

/// <summary>What became of all messages of one kind: each has arrived, failed, or was lost with a connection.</summary>
internal sealed record Totals
{
    /// <summary>How many there were.</summary>
    public long Attempted { get; set; }

    /// <summary>How many arrived; of publications, came back to who had published them.</summary>
    public long Arrived { get; set; }

    /// <summary>How many requests were answered.</summary>
    public long Answered { get; set; }

    /// <summary>How many requests failed with the word that they may have been received, and have been.</summary>
    public long ArrivedUnanswered { get; set; }

    /// <summary>How many failed before a connection had accepted them.</summary>
    public long NotSent { get; set; }

    /// <summary>How many a connection had accepted that then ended in another way than by a Close 1000, and did not arrive.</summary>
    public long Lost { get; set; }
}
