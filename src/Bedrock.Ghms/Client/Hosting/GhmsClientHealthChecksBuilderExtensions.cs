using Bedrock.Ghms.Client.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds GHMS clients to the application's health checks.</summary>
public static class GhmsClientHealthChecksBuilderExtensions
{
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(30);

    /// <summary>Checks a client, under the name <c>ghms-client</c>, or <c>ghms-client-NAME</c> for one with a name.</summary>
    /// <remarks>
    /// A client that is connected is healthy. One that has lost its connection, or has just been started, is degraded while it tries to connect, for as long as the grace
    /// lasts; after that, and when it makes no more attempts, it has failed. The data are its state, for how long it has been without connection, and counts of what waits
    /// and of messages dropped and unhandled.
    /// </remarks>
    /// <param name="builder">The application's health checks.</param>
    /// <param name="name">The name the client was added with, that of the class for a client of a class; empty for the one without a name.</param>
    /// <param name="grace">For how long a client without connection is merely degraded; 30 seconds by default.</param>
    /// <param name="failureStatus">What a client that has failed reports; unhealthy by default.</param>
    /// <param name="tags">Tags to choose checks by.</param>
    public static IHealthChecksBuilder AddGhmsClient(
        this IHealthChecksBuilder builder, string name = "", TimeSpan? grace = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        return builder.Add(new HealthCheckRegistration(
            name.Length == 0 ? "ghms-client" : $"ghms-client-{name}",
            services => new ClientHealthCheck(Find(services, name), grace ?? DefaultGrace),
            failureStatus,
            tags));
    }

    private static ClientWatch Find(IServiceProvider services, string name) =>
        services.GetKeyedService<ClientWatch>(name)
        ?? throw new InvalidOperationException(
            name.Length == 0
                ? "No GHMS client without a name is registered: call builder.Services.AddGhmsClient() first."
                : $"No GHMS client is named '{name}': call builder.Services.AddGhmsClient(\"{name}\") first.");
}
