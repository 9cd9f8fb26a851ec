using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms;

/// <summary>Thrown when the peer breaks the protocol; <see cref="Status"/> is what a Close answers it with.</summary>
/// <param name="status">The status that fits.</param>
/// <param name="message">A text for people, without text of the peer: it is the reason of that Close.</param>
public sealed class GhmsProtocolException(CloseStatus status, string message)
    : GhmsException(GhmsError.ProtocolViolation, message)
{
    /// <summary>The status of the Close that answers this violation.</summary>
    public CloseStatus Status { get; } = status;

    /// <summary>
    /// What a decoder threw, if that was the cause. Its text may quote the peer: escape it before you log it. It is kept apart from
    /// <see cref="Exception.InnerException"/> so that logging this exception does not print it.
    /// </summary>
    public Exception? Cause { get; init; }
}
