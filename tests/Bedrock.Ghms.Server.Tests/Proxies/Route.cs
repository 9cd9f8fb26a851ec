namespace Bedrock.Ghms.Server.Tests.Proxies;

/// <summary>The ways through a proxy.</summary>
public enum Route
{
    /// <summary>The proxy reads and writes the upgrade as HTTP.</summary>
    Http,

    /// <summary>The same, and the client speaks TLS with it.</summary>
    Https,

    /// <summary>The proxy passes bytes and knows nothing of HTTP.</summary>
    Raw,

    /// <summary>The same, and the client speaks TLS with it.</summary>
    RawTls,
}
