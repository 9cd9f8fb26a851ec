namespace Bedrock.Ghms.Broker.Telemetry;

/// <summary>Why a message reached nobody; each constant is a value of <c>ghms.drop.reason</c>.</summary>
internal static class DropReason
{
    /// <summary>Accepted for sending, but its reader was too slow and has been disconnected.</summary>
    public const string SlowConsumer = "slow_consumer";

    /// <summary>Of a type that may be dropped, while its reader was too slow for it.</summary>
    public const string Overflow = "overflow";

    /// <summary>Accepted for sending, but the connection ended first.</summary>
    public const string ConnectionEnded = "connection_ended";

    /// <summary>Received, and there is no handler for it.</summary>
    public const string Unhandled = "unhandled";

    /// <summary>A publication that its sender may not publish.</summary>
    public const string Denied = "publication_denied";

    /// <summary>A publication that a subscriber cannot have: its encoding cannot say it, or it is too big, or found no room.</summary>
    public const string Undelivered = "publication_undelivered";

    /// <summary>A publication that could not be decoded.</summary>
    public const string Undecodable = "publication_undecodable";

    /// <summary>A publication for which the buffer of an enumerated subscription had no room.</summary>
    public const string Overflowed = "publication_overflowed";
}
