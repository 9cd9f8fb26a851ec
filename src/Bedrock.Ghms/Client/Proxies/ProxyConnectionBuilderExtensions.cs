using System.IO.Pipelines;
using System.Net;
using Bedrock.Ghms.Client.Transport;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Client.Proxies;

/// <summary>
/// Tunnels through proxies, for transports that have connected to one. <see cref="GhmsClientBuilder"/> has methods of the same names that
/// see to that as well. The server, whose name the proxy resolves, is that of <see cref="IConnectionTargetFeature"/>.
/// </summary>
/// <remarks>
/// What stands behind a proxy in the chain talks to the server; where the proxy refuses, the connection fails with a <see cref="GhmsProxyException"/>.
/// There is no time limit: the wait for an answer ends when the transport is aborted.
/// </remarks>
public static class ProxyConnectionBuilderExtensions
{
    /// <summary>Asks an HTTP proxy for a tunnel to the server (CONNECT, RFC 9110 §9.3.6).</summary>
    /// <param name="builder">The chain.</param>
    /// <param name="credential">User and password, for the Basic scheme; they go over the network as plain text.</param>
    /// <exception cref="ArgumentException">The user's name has a colon.</exception>
    public static TBuilder UseHttpProxy<TBuilder>(this TBuilder builder, NetworkCredential? credential = null)
        where TBuilder : IConnectionBuilder => builder.UseTunnel(new HttpTunnel(credential).OpenAsync);

    /// <summary>Asks a SOCKS5 proxy for a tunnel to the server (RFC 1928).</summary>
    /// <param name="builder">The chain.</param>
    /// <param name="credential">User and password (RFC 1929); they go over the network as plain text.</param>
    /// <exception cref="ArgumentException">User or password is empty, or longer than 255 bytes of UTF-8.</exception>
    public static TBuilder UseSocks5Proxy<TBuilder>(this TBuilder builder, NetworkCredential? credential = null)
        where TBuilder : IConnectionBuilder => builder.UseTunnel(new Socks5Tunnel(credential).OpenAsync);

    internal static TBuilder UseTunnel<TBuilder>(this TBuilder builder, Func<IDuplexPipe, EndPoint, Task> open)
        where TBuilder : IConnectionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Use(next => async connection =>
        {
            var server = connection.Features.Get<IConnectionTargetFeature>()
                ?? throw new InvalidOperationException($"A proxy has to be told the server: {nameof(IConnectionTargetFeature)} is missing.");
            try
            {
                await open(connection.Transport, server.EndPoint).ConfigureAwait(false);
            }
            catch (IOException exception)
            {
                throw new GhmsProxyException("The connection was lost before the proxy had answered.", exception);
            }

            await next(connection).ConfigureAwait(false);
        });
        return builder;
    }
}
