using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Bedrock.Ghms.Server.Monitor;

/// <summary>The page of the monitor: one document, which needs nothing but itself and the data, and may use nothing else.</summary>
internal static class MonitorPage
{
    private static readonly string Style = Read("monitor.css");
    private static readonly string Script = Read("format.js") + Read("chart.js") + Read("table.js") + Read("monitor.js");

    private static readonly byte[] Document = Encoding.UTF8.GetBytes(Read("monitor.html")
        .Replace("<style></style>", $"<style>{Style}</style>", StringComparison.Ordinal)
        .Replace("<script></script>", $"<script>{Script}</script>", StringComparison.Ordinal));

    private static readonly string Policy =
        $"default-src 'none'; script-src '{Hash(Script)}'; style-src '{Hash(Style)}'; img-src data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

    public static async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = Document.Length;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        await response.Body.WriteAsync(Document, context.RequestAborted).ConfigureAwait(false);
    }

    // A browser takes every line end for a single LF before it looks at the hash.
    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(MonitorPage).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}
