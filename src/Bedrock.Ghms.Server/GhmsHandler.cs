using Bedrock.Ghms.Broker.Upgrades;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Server;

/// <summary>Lets the broker that <c>AddGhms</c> added take every path of a Kestrel endpoint: <c>listen.UseConnectionHandler&lt;GhmsHandler&gt;()</c>.</summary>
/// <remarks>It owns no state: Kestrel creates one for each listener.</remarks>
/// <param name="services">The application's services.</param>
/// <exception cref="InvalidOperationException"><c>AddGhms</c> was not called, or added several brokers, which need paths.</exception>
public sealed class GhmsHandler(IServiceProvider services) : ConnectionHandler
{
    private readonly UpgradeEndpoint _endpoint = GhmsBrokers.Of(services).EveryPath;

    /// <inheritdoc/>
    public override Task OnConnectedAsync(ConnectionContext connection) => _endpoint.RunAsync(connection);
}
