using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Server.Monitor;

/// <summary>What one broker is doing at one moment.</summary>
internal sealed record BrokerSnapshot
{
    public required string Name { get; init; }

    public required bool IsClosed { get; init; }

    public required int ConnectionCount { get; init; }

    public required int MaxConnections { get; init; }

    public required long PendingBytes { get; init; }

    public required int OverSoftLimit { get; init; }

    /// <summary>From how many waiting bytes on a connection makes its senders wait.</summary>
    public required long SoftLimit { get; init; }

    public required TrafficCounts Total { get; init; }

    /// <summary>A second's worth; <see langword="null"/> until there is something to compare with.</summary>
    public required TrafficCounts? Rate { get; init; }

    public required long Dropped { get; init; }

    public required long Unhandled { get; init; }

    /// <summary><see langword="null"/> for a broker without topics.</summary>
    public required TopicStats? Topics { get; init; }

    /// <summary>Those connections that were asked for.</summary>
    public required IReadOnlyList<ConnectionSnapshot> Connections { get; init; }

    /// <summary>How many connections match what was looked for, those that are not listed included.</summary>
    public required int Found { get; init; }
}
