using System.Net.Security;
using Bedrock.Ghms.Client.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Client.Tls;

/// <summary>TLS on the client's side of any transport.</summary>
public static class TlsConnectionBuilderExtensions
{
    /// <summary>Adds TLS: what stands before it in the chain sees encrypted bytes, what stands behind it plain ones.</summary>
    /// <remarks>
    /// A handshake has no time limit of its own: it ends when the transport is aborted. Where it fails, the connection fails with a
    /// <see cref="GhmsTlsException"/>. When the connection is let go of, the peer is told that nothing more follows.
    /// </remarks>
    /// <param name="builder">The chain.</param>
    /// <param name="configure">
    /// Called for each connection, possibly from several threads at once, with the server's name already set from
    /// <see cref="IConnectionTargetFeature"/>; without that feature it has to set <see cref="SslClientAuthenticationOptions.TargetHost"/>.
    /// A certificate that it sets is the caller's to dispose of.
    /// </param>
    public static TBuilder UseTls<TBuilder>(this TBuilder builder, Action<SslClientAuthenticationOptions>? configure = null)
        where TBuilder : IConnectionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Use(next => new TlsMiddleware(next, configure).OnConnectionAsync);
        return builder;
    }

    /// <summary>Adds TLS for connections of which it has been asked and that have none yet.</summary>
    internal static void UseTlsWhereAskedFor(this IConnectionBuilder builder) => builder.Use(next =>
    {
        var tls = new TlsMiddleware(next, configure: null);
        return connection => connection.Features.Get<IConnectionTargetFeature>() is { IsTls: true } && connection.Features.Get<ITlsHandshakeFeature>() is null
            ? tls.OnConnectionAsync(connection)
            : next(connection);
    });
}
