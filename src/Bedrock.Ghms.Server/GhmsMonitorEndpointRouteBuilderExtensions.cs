using System.Diagnostics.CodeAnalysis;
using Bedrock.Ghms.Server;
using Bedrock.Ghms.Server.Monitor;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps a monitor of the application's GHMS brokers.</summary>
public static class GhmsMonitorEndpointRouteBuilderExtensions
{
    /// <summary>Maps a page that shows what the brokers are doing and can close connections, its data, and the request that closes.</summary>
    /// <remarks>
    /// Whoever may not be authorized by the application's default policy is kept out, unless the result says something else: another policy by
    /// <c>RequireAuthorization</c>, or <c>AllowAnonymous</c>. Nothing is measured while nobody looks.
    /// </remarks>
    /// <param name="endpoints">The application's routes.</param>
    /// <param name="pattern">The route of the page. Below it are <c>snapshot.json</c> and <c>close</c>.</param>
    /// <returns>The endpoints, for <c>RequireAuthorization</c>, <c>RequireHost</c> and the like.</returns>
    /// <exception cref="InvalidOperationException"><c>AddGhms</c> was not called.</exception>
    public static IEndpointConventionBuilder MapGhmsMonitor(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern = "/ghms")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        var monitor = new MonitorEndpoints(GhmsBrokers.Of(endpoints.ServiceProvider), endpoints.ServiceProvider);
        var group = endpoints.MapGroup(pattern);
        group.MapMethods("/", [HttpMethods.Get], MonitorPage.WriteAsync).WithDisplayName($"GHMS monitor {pattern}");
        group.MapMethods("/snapshot.json", [HttpMethods.Get], monitor.WriteSnapshotAsync).WithDisplayName($"GHMS monitor {pattern}/snapshot.json");
        group.MapMethods("/close", [HttpMethods.Post], monitor.CloseAsync).WithDisplayName($"GHMS monitor {pattern}/close");

        // Last, when all that the caller says has been said.
        ((IEndpointConventionBuilder)group).Finally(static endpoint =>
        {
            if (!endpoint.Metadata.Any(static data => data is IAllowAnonymous or IAuthorizeData or AuthorizationPolicy))
            {
                endpoint.Metadata.Add(new AuthorizeAttribute());
            }
        });
        return group;
    }
}
