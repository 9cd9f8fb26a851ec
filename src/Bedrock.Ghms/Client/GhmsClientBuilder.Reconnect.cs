using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client.Reconnecting;
using Bedrock.Ghms.Client.Transport;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Client;

public sealed partial class GhmsClientBuilder
{
    private readonly List<ConnectTarget> _targets = [];
    private readonly List<Func<IDictionary<string, string>, CancellationToken, ValueTask>> _headerProviders = [];
    private List<Action<IServiceProvider, GhmsReconnectOptions>>? _reconnect;

    /// <summary>Draws the random part of waits, from 0 to 1.</summary>
    internal Func<double> Jitter { get; set; } = Random.Shared.NextDouble;

    /// <summary>Whether there is a server to connect to.</summary>
    internal bool HasServers => _targets.Count > 0;

    /// <summary>Adds servers to connect to. They are tried in the order in which they were added, or shuffled, until one accepts.</summary>
    /// <param name="uris">Absolute <c>http</c> or <c>https</c> URIs; their path and query are asked for. The port is 80 or 443 unless it is given.
    /// A name is resolved anew for each attempt.</param>
    /// <exception cref="ArgumentException">A URI is of another kind.</exception>
    public GhmsClientBuilder ConnectTo(params IEnumerable<Uri> uris)
    {
        ArgumentNullException.ThrowIfNull(uris);
        _targets.AddRange(uris.Select(ConnectTarget.From));
        return this;
    }

    /// <summary>Adds a server to connect to, at any end point that the connection factory understands.</summary>
    /// <param name="endpoint">Where to connect to.</param>
    /// <param name="path">The path and query to ask for, percent-encoded.</param>
    /// <param name="host">The <c>Host</c> of the request.</param>
    public GhmsClientBuilder ConnectTo(EndPoint endpoint, string path = "/", string host = "localhost")
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        _targets.Add(new ConnectTarget(endpoint, path, host));
        return this;
    }

    /// <summary>Keeps the client connected: whenever its connection ends it makes another one, until it is closed.</summary>
    /// <param name="configure">Changes the settings. They are checked when the client is built.</param>
    /// <remarks>A connection that this side closes with status 1000 is not made again.</remarks>
    public GhmsClientBuilder UseReconnect(Action<GhmsReconnectOptions>? configure = null) =>
        UseReconnect((_, options) => configure?.Invoke(options));

    /// <summary>Keeps the client connected, with settings that may look at the application's services.</summary>
    /// <inheritdoc cref="UseReconnect(Action{GhmsReconnectOptions}?)"/>
    public GhmsClientBuilder UseReconnect(Action<IServiceProvider, GhmsReconnectOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        (_reconnect ??= []).Add(configure);
        return this;
    }

    /// <summary>Asks for header fields on every attempt, such as a fresh bearer token. They take the place of those that <see cref="AddHeader"/> added
    /// under the same names.</summary>
    /// <param name="provide">Fills in fields by name. Its time is part of the attempt's; if it fails, the attempt has failed.</param>
    /// <remarks>Credentials that a server has refused are not shown to it again until they are other ones, or
    /// <see cref="GhmsReconnectOptions.MaxDelay"/> has passed; meanwhile they are asked for at the ordinary times.</remarks>
    public GhmsClientBuilder UseHeaders(Func<IDictionary<string, string>, CancellationToken, ValueTask> provide)
    {
        ArgumentNullException.ThrowIfNull(provide);
        _headerProviders.Add(provide);
        return this;
    }

    /// <summary>Builds a client, which is not connected yet.</summary>
    /// <exception cref="InvalidOperationException">There is no server to connect to.</exception>
    /// <inheritdoc cref="GhmsBroker(BrokerDefinition, IServiceProvider)" path="/exception"/>
    public GhmsClient Build() => HasServers
        ? BuildAsItIs()
        : throw new InvalidOperationException("The client has no server to connect to: call ConnectTo on its builder.");

    /// <summary>Builds a client for a host, which has told the broker's settings if there is no server.</summary>
    internal GhmsClient BuildAsItIs() => Build([.. _targets]);

    private GhmsClient Build(IReadOnlyList<ConnectTarget> targets)
    {
        var broker = BuildBroker();
        var reconnect = MakeReconnectOptions();
        var headers = new HeaderSource([.. _headers], [.. _headerProviders]);
        return new GhmsClient(
            broker,
            new ServerList(targets, headers.CanChange, reconnect, broker.Time, Jitter),
            new Attempts(broker, new Connector(broker, MakeDialer(broker.Options.Timeout)), headers, reconnect?.AttemptTimeout ?? Timeout.InfiniteTimeSpan),
            reconnect?.MaxWaitingSends ?? 0,
            broker.LoggerFactory.CreateLogger<GhmsClient>());
    }

    private async Task<GhmsClient> ConnectAsync(ConnectTarget target, CancellationToken cancellationToken)
    {
        var client = Build([target]);
        try
        {
            await client.ConnectAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private GhmsReconnectOptions? MakeReconnectOptions()
    {
        if (_reconnect is null)
        {
            return null;
        }

        var options = new GhmsReconnectOptions();
        foreach (var configure in _reconnect)
        {
            configure(Services, options);
        }

        return options.Copy();
    }

    // The broker's settings and these are checked together, so that whatever is wrong is told at once.
    private void CheckReconnectOptions(GhmsBrokerOptions brokerOptions) =>
        brokerOptions.Sources.Failures.AddRange(MakeReconnectOptions()?.Check() ?? []);
}
