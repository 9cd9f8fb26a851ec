namespace Bedrock.Ghms;

/// <summary>Thrown when a client starts, or a message type is fixed, with an encoding that is not registered. Nothing has been sent.</summary>
/// <param name="message">A text for people.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsInvalidEncodingException(string message, Exception? innerException = null)
    : GhmsException(GhmsError.InvalidEncoding, message, innerException);
