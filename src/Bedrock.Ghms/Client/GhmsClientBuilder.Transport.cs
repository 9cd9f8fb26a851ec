using System.Net;
using System.Net.Security;
using Bedrock.Ghms.Client.Proxies;
using Bedrock.Ghms.Client.Tls;
using Bedrock.Ghms.Client.Transport;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Client;

public sealed partial class GhmsClientBuilder
{
    private readonly List<Action<IConnectionBuilder>> _middleware = [];
    private IConnectionFactory? _connectionFactory;
    private EndPoint? _proxy;
    private Action<IConnectionBuilder>? _tunnel;

    /// <summary>Where connections come from: any transport, or Bedrock's <c>Client</c>. TCP and Unix domain sockets by default.</summary>
    public GhmsClientBuilder UseConnectionFactory(IConnectionFactory factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _connectionFactory = factory;
        return this;
    }

    /// <summary>Adds connection middleware between the transport and the protocol, such as logging; the first added is the outermost.</summary>
    public GhmsClientBuilder UseConnection(Action<IConnectionBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        _middleware.Add(configure);
        return this;
    }

    /// <summary>
    /// Uses TLS for every server, whatever its URI says; <c>https</c> URIs need this only for other settings than the system's. It is connection
    /// middleware: what <see cref="UseConnection"/> has added before sees encrypted bytes.
    /// </summary>
    /// <inheritdoc cref="TlsConnectionBuilderExtensions.UseTls"/>
    /// <param name="configure">
    /// Called for each connection, possibly from several threads at once, with the server's name already set. A certificate that it sets is the caller's
    /// to dispose of. The defaults are SslStream's: the system's roots, no certificate of our own, no check of revocation, no ALPN.
    /// </param>
    public GhmsClientBuilder UseTls(Action<SslClientAuthenticationOptions>? configure = null) => UseConnection(connection => connection.UseTls(configure));

    /// <summary>Connects through an HTTP proxy (CONNECT), which resolves the server's name; TLS is between client and server.</summary>
    /// <remarks>There is one proxy: the last one that was set. It comes before all connection middleware.</remarks>
    /// <param name="proxy">An absolute <c>http</c> URI without user and password. The port is 80 unless it is given.</param>
    /// <param name="credential">User and password, for the Basic scheme; they go over the network as plain text.</param>
    /// <exception cref="ArgumentException">The URI is of another kind, or the user's name has a colon.</exception>
    public GhmsClientBuilder UseHttpProxy(Uri proxy, NetworkCredential? credential = null)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        if (!proxy.IsAbsoluteUri || proxy.Scheme != Uri.UriSchemeHttp || proxy.UserInfo.Length > 0)
        {
            throw new ArgumentException("An absolute http URI without user and password is needed.", nameof(proxy));
        }

        var tunnel = new HttpTunnel(credential);
        return UseProxy(ConnectTarget.From(proxy).EndPoint, connection => connection.UseTunnel(tunnel.OpenAsync));
    }

    /// <summary>Connects through a SOCKS5 proxy, which resolves the server's name; TLS is between client and server.</summary>
    /// <remarks>There is one proxy: the last one that was set. It comes before all connection middleware.</remarks>
    /// <param name="proxy">Where the proxy listens.</param>
    /// <param name="credential">User and password; they go over the network as plain text.</param>
    /// <exception cref="ArgumentException">User or password is empty, or longer than 255 bytes of UTF-8.</exception>
    public GhmsClientBuilder UseSocks5Proxy(EndPoint proxy, NetworkCredential? credential = null)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        var tunnel = new Socks5Tunnel(credential);
        return UseProxy(proxy, connection => connection.UseTunnel(tunnel.OpenAsync));
    }

    private GhmsClientBuilder UseProxy(EndPoint proxy, Action<IConnectionBuilder> tunnel)
    {
        (_proxy, _tunnel) = (proxy, tunnel);
        return this;
    }

    private Dialer MakeDialer(TimeSpan timeout) => new(
        _connectionFactory ?? new SocketConnectionFactory(time: _time), Services, _tunnel is null ? [.. _middleware] : [_tunnel, .. _middleware])
    {
        Proxy = _proxy,
        Timeout = timeout,
        Time = _time ?? TimeProvider.System,
    };
}
