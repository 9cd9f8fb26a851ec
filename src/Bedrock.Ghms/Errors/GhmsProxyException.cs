namespace Bedrock.Ghms;

/// <summary>Thrown by a client whose proxy did not let it through, or gave an answer that is none. The server has not been reached.</summary>
/// <param name="message">A text for people, without unescaped text of the peer.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsProxyException(string message, Exception? innerException = null)
    : GhmsException(GhmsError.ProxyFailed, message, innerException)
{
    /// <summary>The status code of an HTTP proxy, or the reply code of a SOCKS5 proxy (RFC 1928 §6); <see langword="null"/> if there was none to speak of.</summary>
    public int? StatusCode { get; init; }
}
