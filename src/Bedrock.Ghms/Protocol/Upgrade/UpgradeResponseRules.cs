namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>What a 101 must say for the client to go on.</summary>
public static class UpgradeResponseRules
{
    /// <summary>Checks that <paramref name="response"/> is the upgrade that was asked for.</summary>
    /// <param name="response">The final response.</param>
    /// <param name="asked">The request it answers.</param>
    /// <returns>The media type of <see cref="UpgradeRequest.Accept"/> that the server chose, spelled as there.</returns>
    /// <exception cref="GhmsUpgradeException">The status is not 101 (read the body first if you want it in the exception), the version is not
    /// HTTP/1.1, Connection, Upgrade or Content-Type is missing or not what was asked for, or a GHMS field is repeated, malformed or out of range.</exception>
    public static string Check(UpgradeResponse response, UpgradeRequest asked)
    {
        ArgumentNullException.ThrowIfNull(response);
        ArgumentNullException.ThrowIfNull(asked);
        if (response.Status != 101)
        {
            throw new GhmsUpgradeException(response.Status, response.Reason, body: null) { RetryAfter = response.RetryAfter };
        }

        var chosen = Chosen(response.ContentType, asked.Accept);
        var fault = !response.IsHttp11 ? "the version is not HTTP/1.1"
            : !response.ConnectionIsUpgrade ? "Connection does not say upgrade"
            : !response.UpgradeIsProtocol ? $"Upgrade is not {Ghms.Protocol}"
            : chosen is null ? "Content-Type is not an encoding that was asked for"
            : response.TermsFault == UpgradeRejection.BadTimeout ? "GHMS-Timeout is malformed or out of range"
            : response.TermsFault == UpgradeRejection.BadMaxMessageSize ? "GHMS-Max-Message-Size is malformed or out of range"
            : null;
        return fault is null
            ? chosen!
            : throw new GhmsUpgradeException($"The peer's 101 is not the upgrade that was asked for: {fault}.") { StatusCode = 101, ReasonPhrase = response.Reason };
    }

    private static string? Chosen(string? contentType, IReadOnlyList<string> asked)
    {
        var name = contentType.AsSpan();
        var parameters = name.IndexOf(';');
        name = (parameters < 0 ? name : name[..parameters]).TrimEnd(" \t");
        foreach (var mediaType in asked)
        {
            if (name.Equals(mediaType, StringComparison.OrdinalIgnoreCase))
            {
                return mediaType;
            }
        }

        return null;
    }
}
