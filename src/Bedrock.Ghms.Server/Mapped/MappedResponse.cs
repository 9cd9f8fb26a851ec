using System.Globalization;
using System.Text;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Http;

namespace Bedrock.Ghms.Server.Mapped;

/// <summary>Answers as <see cref="UpgradeResponseWriter"/> does (section 2), through the host.</summary>
internal static class MappedResponse
{
    /// <summary>Sets the fields of the 101. The host adds status and <c>Connection</c> when it upgrades.</summary>
    public static void Accept(HttpResponse response, UpgradeCandidate candidate)
    {
        var options = candidate.Broker.Options;
        response.Headers.Upgrade = Ghms.Protocol;
        response.ContentType = candidate.MediaType;
        response.Headers["GHMS-Timeout"] = ((int)options.Timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        response.Headers["GHMS-Max-Message-Size"] = options.MaxMessageSize.ToString(CultureInfo.InvariantCulture);
    }

    public static async Task RefuseAsync(HttpResponse response, UpgradeRefusal refusal)
    {
        response.StatusCode = refusal.Status;
        response.Headers.Connection = refusal.Status == StatusCodes.Status426UpgradeRequired ? "close, Upgrade" : "close";
        response.ContentType = "text/plain; charset=utf-8";
        response.ContentLength = refusal.Text.Length;
        if (refusal.Status == StatusCodes.Status426UpgradeRequired)
        {
            response.Headers.Upgrade = Ghms.Protocol;
        }

        if (refusal.Status == StatusCodes.Status405MethodNotAllowed)
        {
            response.Headers.Allow = HttpMethods.Get;
        }

        if (refusal.RetryAfter is { } retryAfter)
        {
            response.Headers.RetryAfter = ((long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        foreach (var (name, value) in refusal.Fields)
        {
            response.Headers.Append(name, value);
        }

        await response.Body.WriteAsync(Encoding.ASCII.GetBytes(refusal.Text)).ConfigureAwait(false);
    }
}
