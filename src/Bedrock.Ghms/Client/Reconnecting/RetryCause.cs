using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>Why a client has no connection, as far as it matters for when to try again.</summary>
/// <param name="Kind">What sort of failure it is.</param>
/// <param name="RetryAfter">When the server says to come back, if it does.</param>
internal readonly record struct RetryCause(RetryKind Kind, TimeSpan? RetryAfter = null)
{
    /// <summary>A connection that ends earlier was no success: it is refused in all but name.</summary>
    public static readonly TimeSpan EarlyEnd = TimeSpan.FromSeconds(5);

    /// <summary>What a failed attempt means.</summary>
    public static RetryCause Of(Exception failure) => failure switch
    {
        GhmsUpgradeException { StatusCode: 401 or 403 } refusal => new(RetryKind.Refused, refusal.RetryAfter),
        GhmsUpgradeException refusal => new(RetryKind.Failed, refusal.RetryAfter),
        ArgumentException or NotSupportedException or GhmsInvalidEncodingException => new(RetryKind.Impossible),
        GhmsConnectionClosedException => new(RetryKind.Final),
        _ => new(RetryKind.Failed),
    };

    /// <summary>What the end of a connection means that had <paramref name="lasted"/> so long.</summary>
    public static RetryCause Of(ConnectionEnd end, TimeSpan lasted) => end switch
    {
        { Cause: ConnectionEndCause.ClosedHere, Status: CloseStatus.Normal } => new(RetryKind.Final),
        { Cause: ConnectionEndCause.ClosedByPeer, Status: CloseStatus.PolicyViolation } =>
            new(lasted < EarlyEnd ? RetryKind.Refused : RetryKind.TurnedOut, end.RetryAfter),
        { Cause: ConnectionEndCause.ClosedByPeer } => new(RetryKind.Failed, end.RetryAfter),
        _ => new(RetryKind.Failed),
    };
}
