using static Bedrock.Ghms.Protocol.Upgrade.UpgradeRejection;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>
/// What a well-formed request must ask for. Call <see cref="CheckRequest"/>, then look the path up (<see cref="UpgradePath"/>), then call
/// <see cref="CheckUpgrade(in UpgradeRequestHead, out UpgradeTerms)"/>, then choose an encoding (<see cref="MediaTypeTable"/>): where several fail, the first is answered.
/// </summary>
/// <remarks>Safe for concurrent use; allocates nothing.</remarks>
public static class UpgradeRequestRules
{
    /// <summary>Checks version (505), method (405), Host (RFC 9112 §3.2: 400) and the absence of a body (400), in that order.</summary>
    /// <param name="head">The request.</param>
    /// <returns><see cref="None"/>, or the first reason to refuse it.</returns>
    public static UpgradeRejection CheckRequest(in UpgradeRequestHead head)
    {
        if (!head.Version.SequenceEqual("HTTP/1.1"u8))
        {
            return VersionNotSupported;
        }

        if (!head.Method.SequenceEqual("GET"u8))
        {
            return MethodNotAllowed;
        }

        var hosts = 0;
        var hostIsValid = true;
        var lengths = 0;
        var hasBody = false;
        foreach (var field in head.Fields)
        {
            if (field.Is("Host"u8))
            {
                hosts++;
                hostIsValid = HostSyntax.IsValid(field.Value);
            }
            else if (field.Is("Content-Length"u8))
            {
                lengths++;
                hasBody |= lengths > 1 || field.Value is not [(byte)'0'];
            }
            else if (field.Is("Transfer-Encoding"u8))
            {
                hasBody = true;
            }
        }

        return hosts != 1 || !hostIsValid ? BadHost
            : hasBody ? BodyNotAllowed
            : None;
    }

    /// <summary>
    /// Checks that Connection has the token <c>upgrade</c> and Upgrade names <c>GHMS/0.1</c> (426), then <c>GHMS-Timeout</c> (400) and
    /// <c>GHMS-Max-Message-Size</c> (400). Several fields of one name are one list (RFC 9110 §5.3).
    /// </summary>
    /// <param name="head">The request.</param>
    /// <param name="terms">What the client tells of itself; default if the request is refused.</param>
    /// <returns><see cref="None"/>, or the first reason to refuse it.</returns>
    public static UpgradeRejection CheckUpgrade(in UpgradeRequestHead head, out UpgradeTerms terms) => CheckUpgrade(head.Fields, out terms);

    /// <inheritdoc cref="CheckUpgrade(in UpgradeRequestHead, out UpgradeTerms)"/>
    internal static UpgradeRejection CheckUpgrade(UpgradeFields fields, out UpgradeTerms terms)
    {
        var connection = false;
        var upgrade = false;
        var termsReader = default(TermsReader);
        foreach (var field in fields)
        {
            if (field.Is("Connection"u8))
            {
                connection |= ListReader.Contains(field.Value, "upgrade"u8);
            }
            else if (field.Is("Upgrade"u8))
            {
                upgrade |= ListReader.Contains(field.Value, "GHMS/0.1"u8);
            }
            else
            {
                termsReader.Add(field);
            }
        }

        terms = default;
        if (!connection || !upgrade)
        {
            return UpgradeRequired;
        }

        var rejection = termsReader.Read(out var read);
        terms = rejection == None ? read : default;
        return rejection;
    }
}
