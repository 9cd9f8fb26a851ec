namespace Bedrock.Ghms;

/// <summary>Thrown by a send whose payload exceeds <c>MaxMessageSize</c> or what the peer accepts. The connection stays usable.</summary>
/// <param name="message">A text for people.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsMessageTooLargeException(string message, Exception? innerException = null)
    : GhmsException(GhmsError.MessageTooLarge, message, innerException);
