namespace Bedrock.Ghms;

/// <summary>Thrown by a send to everyone when nobody is connected.</summary>
/// <param name="message">A text for people.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsNoConnectionsException(string message, Exception? innerException = null)
    : GhmsException(GhmsError.NoConnections, message, innerException);
