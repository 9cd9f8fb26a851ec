using System.Globalization;
using Bedrock.Ghms.Protocol;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Bedrock.Ghms.Client.Hosting;

/// <summary>Tells whether a client is connected, or may soon be.</summary>
internal sealed class ClientHealthCheck(ClientWatch watch, TimeSpan grace) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (state, absence, cause) = watch.Now;
        var stats = watch.Client.Broker.GetStats();
        var data = new Dictionary<string, object>
        {
            ["state"] = state.ToString(),
            ["waitingSends"] = watch.Client.WaitingSends,
            ["pendingBytes"] = watch.Client.Broker.Connections.Sum(connection => connection.PendingBytes),
            ["droppedMessages"] = stats.Dropped,
            ["unhandledMessages"] = stats.Unhandled,
        };
        if (state == GhmsClientState.Connected)
        {
            return Task.FromResult(HealthCheckResult.Healthy("The client is connected.", data));
        }

        data["secondsWithoutConnection"] = absence.TotalSeconds;

        // One that nothing has failed for is about to be connected by its host.
        var isTrying = state is GhmsClientState.Connecting or GhmsClientState.Waiting || (state == GhmsClientState.Disconnected && cause is null);
        var status = isTrying && absence < grace ? HealthStatus.Degraded : context.Registration.FailureStatus;
        return Task.FromResult(new HealthCheckResult(status, Describe(state, isTrying, absence, cause), cause, data));
    }

    private static string Describe(GhmsClientState state, bool isTrying, TimeSpan absence, Exception? cause)
    {
        var what = isTrying
            ? string.Create(CultureInfo.InvariantCulture, $"The client has had no connection for {absence.TotalSeconds:0} s and is trying to make one.")
            : state == GhmsClientState.Closed ? "The client is closed." : "The client has no connection and makes none.";
        return cause is null ? what : $"{what} {PeerText.Escape(cause.Message)}";
    }
}
