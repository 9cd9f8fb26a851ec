namespace Bedrock.Ghms.Baseline;

/// <summary>What the servers do with a message.</summary>
public static class MessageCode
{
    /// <summary>Ignored; servers under test may send it, empty, at any time.</summary>
    public const uint Heartbeat = 1;

    /// <summary>Sent back to its sender.</summary>
    public const uint Echo = 10;

    /// <summary>Sent to every connection, its sender's too.</summary>
    public const uint Announcement = 12;

    /// <summary>Counted and not answered.</summary>
    public const uint OneWay = 14;
}
