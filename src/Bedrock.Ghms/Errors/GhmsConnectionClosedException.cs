namespace Bedrock.Ghms;

/// <summary>Thrown by sends and starts once the connection, or the whole broker, has ended.</summary>
/// <param name="message">A text for people.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsConnectionClosedException(string message, Exception? innerException = null)
    : GhmsException(GhmsError.ConnectionClosed, message, innerException);
