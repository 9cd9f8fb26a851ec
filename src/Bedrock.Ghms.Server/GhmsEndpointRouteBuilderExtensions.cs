using System.Diagnostics.CodeAnalysis;
using Bedrock.Ghms.Server;
using Bedrock.Ghms.Server.Mapped;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps GHMS brokers beside the rest of a web application.</summary>
public static class GhmsEndpointRouteBuilderExtensions
{
    /// <summary>Lets a broker take upgrades at a route, on whatever port the application listens. It may serve raw listeners at the same time.</summary>
    /// <param name="endpoints">The application's routes.</param>
    /// <param name="pattern">The route.</param>
    /// <param name="name">The name the broker was added with; empty for the one without a name.</param>
    /// <returns>The endpoint, for <c>RequireAuthorization</c>, <c>RequireRateLimiting</c>, <c>RequireCors</c> and the like.</returns>
    /// <exception cref="InvalidOperationException"><c>AddGhms</c> was not called, or has not added a broker of that name.</exception>
    /// <inheritdoc cref="Bedrock.Ghms.Broker.GhmsBroker(Bedrock.Ghms.Broker.BrokerDefinition, IServiceProvider)" path="/exception"/>
    public static IEndpointConventionBuilder MapGhms(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, string name = "")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(name);
        var services = endpoints.ServiceProvider;
        var broker = GhmsBrokers.Of(services).Find(name);
        var stopping = services.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? default;
        return endpoints
            .MapMethods(pattern, [HttpMethods.Get], new MappedEndpoint(broker, stopping).RunAsync)
            .WithDisplayName($"GHMS {pattern}");
    }
}
