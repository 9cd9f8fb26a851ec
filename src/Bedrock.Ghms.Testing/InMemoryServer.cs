using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Testing;

/// <summary>A server without sockets: every connection that a client makes here is upgraded by a broker in the same process.</summary>
/// <remarks>Give it to <c>GhmsClientBuilder.UseConnectionFactory</c>; the client may connect to any <c>http</c> URI then. Safe for concurrent use.</remarks>
/// <param name="endpoint">Where connections end up.</param>
/// <param name="options">How connections behave; the defaults if <see langword="null"/>.</param>
public sealed class InMemoryServer(UpgradeEndpoint endpoint, InMemoryOptions? options = null) : IConnectionFactory
{
    private readonly Lock _sync = new();
    private readonly HashSet<InMemoryConnection> _connections = [];
    private bool _isDown;

    /// <summary>Creates a server at which one broker takes every path.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="options">How connections behave; the defaults if <see langword="null"/>.</param>
    public InMemoryServer(GhmsBroker broker, InMemoryOptions? options = null)
        : this(new UpgradeEndpoint(broker), options)
    {
    }

    /// <summary>Whether connecting fails, as it does where nobody listens. Connections that are there already stay. Default <see langword="false"/>.</summary>
    public bool IsDown
    {
        get => Volatile.Read(ref _isDown);
        set => Volatile.Write(ref _isDown, value);
    }

    /// <summary>Breaks every connection, as a server does that is killed: what is under way is lost, and both sides find out at once.</summary>
    public void BreakConnections()
    {
        InMemoryConnection[] connections;
        lock (_sync)
        {
            connections = [.. _connections];
        }

        foreach (var connection in connections)
        {
            connection.Abort(new ConnectionAbortedException("The test breaks the connection."));
        }
    }

    /// <summary>Opens a connection, not upgraded yet, to speak the protocol byte by byte.</summary>
    /// <exception cref="SocketException">The server is down.</exception>
    public InMemoryConnection Connect() => Connect(out _);

    /// <summary>Opens a connection, not upgraded yet, to speak the protocol byte by byte.</summary>
    /// <param name="server">The server's end.</param>
    /// <exception cref="SocketException">The server is down.</exception>
    public InMemoryConnection Connect(out InMemoryConnection server)
    {
        if (IsDown)
        {
            throw new SocketException((int)SocketError.ConnectionRefused);
        }

        (var client, server) = InMemoryConnection.CreatePair(options);
        lock (_sync)
        {
            _connections.Add(server);
        }

        _ = ServeAsync(server);
        return client;
    }

    /// <inheritdoc/>
    ValueTask<ConnectionContext> IConnectionFactory.ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Connect());
    }

    private async Task ServeAsync(InMemoryConnection server)
    {
        await endpoint.RunAsync(server).ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
        lock (_sync)
        {
            _connections.Remove(server);
        }
    }
}
