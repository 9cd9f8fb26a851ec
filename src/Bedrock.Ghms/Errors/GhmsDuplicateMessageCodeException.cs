namespace Bedrock.Ghms;

/// <summary>Thrown at start when two message types share one code; the text names both.</summary>
/// <param name="message">A text for people.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsDuplicateMessageCodeException(string message, Exception? innerException = null)
    : GhmsException(GhmsError.DuplicateMessageCode, message, innerException);
