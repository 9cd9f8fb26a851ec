using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms;

/// <summary>Thrown when the peer breaks the protocol; <see cref="Status"/> is what a Close answers it with.</summary>
/// <param name="status">The status that fits.</param>
/// <param name="message">A text for people, without text of the peer: it is the reason of that Close, at most 123 bytes of UTF-8.</param>
/// <exception cref="ArgumentException">A Close cannot carry that status or that text.</exception>
public sealed class GhmsProtocolException(CloseStatus status, string message)
    : GhmsException(GhmsError.ProtocolViolation, Sendable(status, message))
{
    /// <summary>The status of the Close that answers this violation.</summary>
    public CloseStatus Status { get; } = status;

    /// <summary>
    /// What a decoder threw, if that was the cause. Its text may quote the peer: escape it before you log it. It is kept apart from
    /// <see cref="Exception.InnerException"/> so that logging this exception does not print it.
    /// </summary>
    public Exception? Cause { get; init; }

    // Whoever throws this should hear of a mistake here: where the Close is made it is too late.
    private static string Sendable(CloseStatus status, string message)
    {
        new CloseMessage(status, message).Validate();
        return message;
    }
}
