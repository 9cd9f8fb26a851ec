using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Testing;

/// <summary>A server without sockets: every connection that a client makes here is upgraded by a broker in the same process.</summary>
/// <remarks>Give it to <c>GhmsClientBuilder.UseConnectionFactory</c>. Safe for concurrent use.</remarks>
/// <param name="endpoint">Where connections end up.</param>
/// <param name="options">How connections behave; the defaults if <see langword="null"/>.</param>
public sealed class InMemoryServer(UpgradeEndpoint endpoint, InMemoryOptions? options = null) : IConnectionFactory
{
    /// <summary>Creates a server at which one broker takes every path.</summary>
    public InMemoryServer(GhmsBroker broker, InMemoryOptions? options = null)
        : this(new UpgradeEndpoint(broker), options)
    {
    }

    /// <inheritdoc/>
    ValueTask<ConnectionContext> IConnectionFactory.ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken) =>
        new(Connect());

    /// <summary>Opens a connection, not upgraded yet, to speak the protocol byte by byte.</summary>
    public InMemoryConnection Connect() => Connect(out _);

    /// <summary>Opens a connection, not upgraded yet, to speak the protocol byte by byte.</summary>
    /// <param name="server">The server's end.</param>
    public InMemoryConnection Connect(out InMemoryConnection server)
    {
        (var client, server) = InMemoryConnection.CreatePair(options);
        _ = ServeAsync(server);
        return client;
    }

    private async Task ServeAsync(InMemoryConnection server)
    {
        await endpoint.RunAsync(server).ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
    }
}
