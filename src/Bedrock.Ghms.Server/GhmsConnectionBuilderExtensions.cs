using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Server;

namespace Microsoft.AspNetCore.Connections;

/// <summary>Puts GHMS brokers behind a Kestrel endpoint.</summary>
public static class GhmsConnectionBuilderExtensions
{
    /// <summary>Maps paths of this endpoint to brokers; any other path gets 404.</summary>
    /// <param name="builder">A Kestrel <c>ListenOptions</c>.</param>
    /// <param name="configure">Maps the paths.</param>
    /// <exception cref="InvalidOperationException"><c>AddGhms</c> was not called, or has not added a broker of that name.</exception>
    /// <exception cref="ArgumentException">No path was mapped, or one twice, or one does not begin with a slash.</exception>
    public static IConnectionBuilder UseGhms(this IConnectionBuilder builder, Action<GhmsPathMap> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var map = new GhmsPathMap(GhmsBrokers.Of(builder.ApplicationServices));
        configure(map);
        return builder.Run(new UpgradeEndpoint(map.Paths).RunAsync);
    }
}
