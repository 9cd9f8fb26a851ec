using Bedrock.Ghms.Broker;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Bedrock.Ghms.Server.Health;

/// <summary>Tells whether a broker can take connections and messages.</summary>
internal sealed class GhmsHealthCheck(GhmsBroker broker) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var connections = broker.Connections;
        var lagging = connections.Count(connection => connection.IsOverSoftLimit);
        var stats = broker.GetStats();
        var data = new Dictionary<string, object>
        {
            ["connections"] = connections.Count,
            ["placesTaken"] = broker.Room.Taken,
            ["maxConnections"] = broker.Options.MaxConnections,
            ["connectionsOverSoftLimit"] = lagging,
            ["pendingBytes"] = connections.Sum(connection => connection.PendingBytes),
            ["droppedMessages"] = stats.Dropped,
            ["unhandledMessages"] = stats.Unhandled,
        };
        if (broker.IsClosed)
        {
            return Task.FromResult(new HealthCheckResult(context.Registration.FailureStatus, "The broker is closed.", data: data));
        }

        string[] troubles =
        [
            .. broker.Room.Taken >= broker.Options.MaxConnections ? ["There is no room for another connection."] : Array.Empty<string>(),
            .. lagging > 0 && 2 * lagging >= connections.Count ? ["At least half of the connections read too slowly, so that whoever sends to all has to wait."] : Array.Empty<string>(),
        ];
        return Task.FromResult(troubles.Length == 0
            ? HealthCheckResult.Healthy("The broker takes connections.", data)
            : HealthCheckResult.Degraded(string.Join(' ', troubles), data: data));
    }
}
