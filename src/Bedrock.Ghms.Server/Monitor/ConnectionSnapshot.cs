namespace Bedrock.Ghms.Server.Monitor;

/// <summary>What one connection is doing at one moment.</summary>
internal sealed record ConnectionSnapshot
{
    public required string Id { get; init; }

    public required string? Remote { get; init; }

    public required string Path { get; init; }

    public required string Encoding { get; init; }

    public required string? User { get; init; }

    public required long PendingBytes { get; init; }

    /// <summary>Messages that were lost because it is too slow.</summary>
    public required long Dropped { get; init; }

    public required TrafficCounts Total { get; init; }

    /// <summary>A second's worth; <see langword="null"/> until there is something to compare with.</summary>
    public required TrafficCounts? Rate { get; init; }
}
