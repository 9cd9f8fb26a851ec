using Bedrock.Ghms.Server;
using Bedrock.Ghms.Server.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds GHMS brokers to the application's health checks.</summary>
public static class GhmsHealthChecksBuilderExtensions
{
    /// <summary>Checks a broker, under the name <c>ghms</c>, or <c>ghms-NAME</c> for one with a name.</summary>
    /// <remarks>
    /// A broker that is closed has failed. It is degraded when every place for a connection is taken, and when at least half of its connections are over their
    /// soft limit, so that senders wait. The data are counts of connections, bytes that wait, and messages dropped and unhandled.
    /// </remarks>
    /// <param name="builder">The application's health checks.</param>
    /// <param name="name">The name the broker was added with; empty for the one without a name.</param>
    /// <param name="failureStatus">What a closed broker reports; unhealthy by default.</param>
    /// <param name="tags">Tags to choose checks by.</param>
    public static IHealthChecksBuilder AddGhms(
        this IHealthChecksBuilder builder, string name = "", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        return builder.Add(new HealthCheckRegistration(
            name.Length == 0 ? "ghms" : $"ghms-{name}",
            services => new GhmsHealthCheck(GhmsBrokers.Of(services).Find(name)),
            failureStatus,
            tags));
    }
}
