using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms;

/// <summary>Thrown to whoever asked when a request gets no answer that can be used.</summary>
/// <remarks>
/// The statuses are those of a Close (sections 5 and 7 of the protocol). The peer's Fault brings its own: 1001 it cancelled, 1003 nobody
/// answers that message, 1007 it could not be decoded, 1008 refused, 1009 the answer was too big, 1011 the answer failed, 1013 too many are open.
/// This side makes: 1001 the connection ended first, and <see cref="MayHaveBeenReceived"/> tells more; 1003 the answer is of a
/// type that is not known or was not asked for; 1007 the answer cannot be decoded; 1008 one of this side's pipes took the request or its
/// answer away, or the peer sent more items than it had credit for.
/// </remarks>
/// <param name="status">Why.</param>
/// <param name="text">What the peer, or this side, says about it; raw.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsRequestException(CloseStatus status, string text, Exception? innerException = null)
    : GhmsException(GhmsError.RequestFailed, $"The request failed with status {(int)status}: {PeerText.Escape(text)}", innerException)
{
    /// <summary>Why the request failed.</summary>
    public CloseStatus Status { get; } = status;

    /// <summary>Whether the peer may have received the request, and so may have handled it. <see langword="false"/> only where it certainly has not:
    /// asking again then does nothing twice.</summary>
    public bool MayHaveBeenReceived { get; init; } = true;

    /// <summary>The text of the peer's Fault, raw: escape it before you log it. The exception's message shows it escaped and cut.</summary>
    public string Text { get; } = text;
}
