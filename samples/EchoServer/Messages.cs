namespace EchoServer;

/// <summary>Code 10: comes back to its sender.</summary>
public sealed record Message
{
    public required string Word { get; init; }
}

/// <summary>Code 11: comes back to its sender.</summary>
public sealed record Blob
{
    public required byte[] Data { get; init; }
}

/// <summary>Code 12: goes to every connection.</summary>
public sealed record Announcement
{
    public required string Word { get; init; }
}

/// <summary>Code 13: its handler throws.</summary>
public sealed record Failure
{
    public required string Word { get; init; }
}
