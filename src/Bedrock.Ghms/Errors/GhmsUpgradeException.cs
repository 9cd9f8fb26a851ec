using Bedrock.Ghms.Protocol;

namespace Bedrock.Ghms;

/// <summary>Thrown when the peer refused the upgrade, or its answer was not the upgrade that was asked for.</summary>
public sealed class GhmsUpgradeException : GhmsException
{
    /// <summary>Creates an error about an answer that is not a GHMS upgrade.</summary>
    /// <param name="message">A text for people, without unescaped text of the peer.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public GhmsUpgradeException(string message, Exception? innerException = null)
        : base(GhmsError.UpgradeFailed, message, innerException)
    {
    }

    /// <summary>Creates an error about a response that refuses the upgrade; its message shows the peer's texts escaped and cut.</summary>
    /// <param name="statusCode">The status code.</param>
    /// <param name="reasonPhrase">The reason phrase as sent.</param>
    /// <param name="body">The beginning of the body as sent, or <see langword="null"/> if it was not read.</param>
    public GhmsUpgradeException(int statusCode, string reasonPhrase, string? body)
        : base(GhmsError.UpgradeFailed, Describe(statusCode, reasonPhrase, body))
    {
        StatusCode = statusCode;
        ReasonPhrase = reasonPhrase;
        Body = body;
    }

    /// <summary>The status code of the response; <see langword="null"/> if there was none to speak of.</summary>
    public int? StatusCode { get; init; }

    /// <summary>The reason phrase, raw: escape it before you log it.</summary>
    public string? ReasonPhrase { get; init; }

    /// <summary>The first 1,024 bytes of the body, raw: escape it before you log it.</summary>
    public string? Body { get; init; }

    /// <summary>When the server says to come back; <see langword="null"/> if it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    private static string Describe(int statusCode, string reasonPhrase, string? body)
    {
        var text = $"The peer refused the upgrade: {statusCode} {PeerText.Escape(reasonPhrase)}".TrimEnd();
        return string.IsNullOrWhiteSpace(body) ? text : $"{text}: {PeerText.Escape(body.Trim())}";
    }
}
