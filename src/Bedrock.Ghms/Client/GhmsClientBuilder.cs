using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Client;

/// <summary>Builds clients. Not safe for concurrent use; a client takes a copy of everything when it is built.</summary>
public sealed partial class GhmsClientBuilder : GhmsBuilder<GhmsClientBuilder>
{
    private readonly List<KeyValuePair<string, string>> _headers = [];
    private IServiceProvider? _services;
    private ILoggerFactory? _loggerFactory;
    private TimeProvider? _time;

    /// <summary>Creates a builder without encodings and message types.</summary>
    public GhmsClientBuilder() => Definition.Name = "client";

    /// <summary>Where pipes and handler classes, loggers and the clock come from unless they are set here.</summary>
    public GhmsClientBuilder UseServices(IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(services);
        _services = services;
        return this;
    }

    /// <summary>Where log messages go; nowhere by default.</summary>
    public GhmsClientBuilder UseLoggerFactory(ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(loggerFactory);
        _loggerFactory = loggerFactory;
        return this;
    }

    /// <summary>The clock for time-outs and heartbeats; the system's by default.</summary>
    public GhmsClientBuilder UseTimeProvider(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        return this;
    }

    /// <summary>Adds a header field to the upgrade request. Checked when the client connects.</summary>
    public GhmsClientBuilder AddHeader(string name, string value)
    {
        _headers.Add(new KeyValuePair<string, string>(name, value));
        return this;
    }

    /// <summary>Creates a broker without a connection; <see cref="GhmsBroker.StartAsync(ConnectionContext, string, string?, CancellationToken)"/> adds any number of them.</summary>
    /// <inheritdoc cref="GhmsBroker(BrokerDefinition, IServiceProvider)" path="/exception"/>
    public GhmsBroker BuildBroker() => new(Definition, Services);

    /// <summary>Connects to a server and upgrades the connection.</summary>
    /// <param name="uri">An absolute <c>http</c> or <c>https</c> URI; its path and query are asked for. The port is 80 or 443 unless it is given.</param>
    /// <param name="cancellationToken">Ends the attempt; without effect once the client is connected.</param>
    /// <exception cref="ArgumentException">The URI is not an absolute <c>http</c> or <c>https</c> one.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">No connection could be made.</exception>
    /// <exception cref="GhmsProxyException">The proxy did not let the client through.</exception>
    /// <exception cref="GhmsTlsException">The TLS handshake failed; the exception says what is wrong with the server's certificate.</exception>
    /// <exception cref="GhmsUpgradeException">The server refused; the exception has its status, reason and text.</exception>
    /// <exception cref="TimeoutException">There was no connection or no answer in time.</exception>
    /// <inheritdoc cref="GhmsBroker(BrokerDefinition, IServiceProvider)" path="/exception"/>
    public async Task<GhmsClient> ConnectAsync(Uri uri, CancellationToken cancellationToken = default) =>
        await ConnectAsync(ConnectTarget.From(uri), cancellationToken).ConfigureAwait(false);

    /// <summary>Connects to any end point that the connection factory understands, and upgrades the connection.</summary>
    /// <inheritdoc cref="ConnectAsync(Uri, CancellationToken)"/>
    /// <param name="endpoint">Where to connect to.</param>
    /// <param name="path">The path and query to ask for, percent-encoded.</param>
    /// <param name="host">The <c>Host</c> of the request; with TLS also the name that the server's certificate has to be for.</param>
    /// <param name="cancellationToken">Ends the attempt; without effect once the client is connected.</param>
    public async Task<GhmsClient> ConnectAsync(
        EndPoint endpoint, string path = "/", string host = "localhost", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return await ConnectAsync(new ConnectTarget(endpoint, path, host), cancellationToken).ConfigureAwait(false);
    }

    private ClientServices Services => new(_services, _loggerFactory, _time);
}
