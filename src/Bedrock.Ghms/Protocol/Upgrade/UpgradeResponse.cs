namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The final response to an upgrade request. Immutable; everything in it comes from the peer.</summary>
public sealed class UpgradeResponse
{
    internal UpgradeResponse()
    {
    }

    /// <summary>The status code, 101 or 200 to 599.</summary>
    public required int Status { get; init; }

    /// <summary>The reason phrase as sent, read as Latin-1; often empty. Escape it before you log it.</summary>
    public required string Reason { get; init; }

    /// <summary>Whether the version is HTTP/1.1, the only one that has an Upgrade.</summary>
    public required bool IsHttp11 { get; init; }

    /// <summary>Whether Connection has the token <c>upgrade</c>.</summary>
    public bool ConnectionIsUpgrade { get; init; }

    /// <summary>Whether Upgrade is there once and names <c>GHMS/0.1</c> and nothing else.</summary>
    public bool UpgradeIsProtocol { get; init; }

    /// <summary>Content-Type as sent, with its parameters, read as Latin-1; <see langword="null"/> if it is missing or repeated.</summary>
    public string? ContentType { get; init; }

    /// <summary>The server's <c>GHMS-Timeout</c>; <see langword="null"/> if it is missing or the terms are malformed.</summary>
    public TimeSpan? Timeout => Terms.Timeout;

    /// <summary>The server's <c>GHMS-Max-Message-Size</c> in bytes; <see langword="null"/> if it is missing or the terms are malformed.</summary>
    public uint? MaxMessageSize => Terms.MaxMessageSize;

    /// <summary>When to come back; <see langword="null"/> if the server does not say so in seconds (RFC 9110 §10.2.3).</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The bytes of the body; <see langword="null"/> if it ends otherwise: in chunks or with the connection.</summary>
    public long? ContentLength { get; init; }

    /// <summary>Whether the body comes in chunks (RFC 9112 §7.1).</summary>
    public bool IsChunked { get; init; }

    internal UpgradeTerms Terms { get; init; }

    internal UpgradeRejection TermsFault { get; init; }
}
