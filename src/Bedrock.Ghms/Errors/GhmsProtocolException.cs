using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms;

/// <summary>Thrown when the peer breaks the protocol; <see cref="Status"/> is what a Close answers it with.</summary>
/// <param name="status">The status that fits.</param>
/// <param name="message">A text for people.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsProtocolException(CloseStatus status, string message, Exception? innerException = null)
    : GhmsException(GhmsError.ProtocolViolation, message, innerException)
{
    /// <summary>The status of the Close that answers this violation.</summary>
    public CloseStatus Status { get; } = status;
}
