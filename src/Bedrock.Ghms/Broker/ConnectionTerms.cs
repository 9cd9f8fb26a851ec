namespace Bedrock.Ghms.Broker;

/// <summary>What the two sides agreed on when a connection was upgraded.</summary>
internal sealed record ConnectionTerms
{
    public required string Path { get; init; }

    public string Query { get; init; } = "";

    /// <summary>The ordinal of the encoding in the broker's registry.</summary>
    public required int Encoding { get; init; }

    /// <summary>How long the peer waits for bytes, if it said so.</summary>
    public TimeSpan? PeerTimeout { get; init; }

    /// <summary>The largest payload the peer accepts, if it said so.</summary>
    public uint? PeerMaxMessageSize { get; init; }

    public IReadOnlyDictionary<string, string>? Headers { get; init; }
}
