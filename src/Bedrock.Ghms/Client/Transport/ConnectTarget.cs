using System.Net;

namespace Bedrock.Ghms.Client.Transport;

/// <summary>One server: where it is, and what to ask it for.</summary>
/// <param name="EndPoint">Where it listens; a name is resolved by whoever connects.</param>
/// <param name="Path">The path and query to ask for, percent-encoded.</param>
/// <param name="Host">The <c>Host</c> of the request, with a port unless that is the scheme's own.</param>
/// <param name="IsTls">Whether TLS lies between the transport and the protocol.</param>
internal sealed record ConnectTarget(EndPoint EndPoint, string Path = "/", string Host = "localhost", bool IsTls = false)
    : IConnectionTargetFeature
{
    public string HostName
    {
        get
        {
            var name = Host.StartsWith('[') ? Host.IndexOf(']') + 1 : Host.IndexOf(':');
            return (name > 0 ? Host[..name] : Host).Trim('[', ']');
        }
    }

    /// <summary>What an absolute <c>http</c> or <c>https</c> URI says.</summary>
    /// <exception cref="ArgumentException">The URI is of another kind.</exception>
    public static ConnectTarget From(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!uri.IsAbsoluteUri || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException("An absolute http or https URI is needed.", nameof(uri));
        }

        EndPoint endpoint = IPAddress.TryParse(uri.DnsSafeHost, out var address)
            ? new IPEndPoint(address, uri.Port)
            : new DnsEndPoint(uri.IdnHost, uri.Port);
        var host = uri.HostNameType == UriHostNameType.Dns ? uri.IdnHost : uri.Host;
        return new ConnectTarget(
            endpoint,
            uri.PathAndQuery,
            uri.IsDefaultPort ? host : $"{host}:{uri.Port}",
            uri.Scheme == Uri.UriSchemeHttps);
    }
}
