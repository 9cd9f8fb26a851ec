namespace Bedrock.Ghms;

/// <summary>What every error of this library derives from. <see cref="Code"/> tells them apart without reading text.</summary>
/// <param name="code">What went wrong.</param>
/// <param name="message">A text for people; it never holds unescaped bytes of the peer.</param>
/// <param name="innerException">The cause, if there is one.</param>
public abstract class GhmsException(GhmsError code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>What went wrong.</summary>
    public GhmsError Code { get; } = code;
}
