namespace Bedrock.Ghms;

/// <summary>Thrown when a message's type is not registered, or its code is reserved and was not claimed.</summary>
/// <param name="message">A text for people.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsInvalidMessageCodeException(string message, Exception? innerException = null)
    : GhmsException(GhmsError.InvalidMessageCode, message, innerException);
