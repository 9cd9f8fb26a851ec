using System.Text.Json;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Protocol.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bedrock.Ghms.Server.Monitor;

/// <summary>The data of the monitor, and what it can do.</summary>
internal sealed partial class MonitorEndpoints(GhmsBrokers brokers, IServiceProvider services)
{
    // A form of another site cannot set a header, and a script of another site must ask before it does.
    private const string OwnHeader = "X-Ghms-Monitor";
    private const int LargestBody = 4_096;

    private readonly Sampler _sampler = new(brokers, services.GetService<TimeProvider>() ?? TimeProvider.System);
    private readonly ILogger _logger = (services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<MonitorEndpoints>();

    public Task WriteSnapshotAsync(HttpContext context)
    {
        if (!SnapshotQuery.TryRead(context.Request.Query, out var query))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.CompletedTask;
        }

        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsJsonAsync(query.ApplyTo(_sampler.Take()), MonitorJson.Default.MonitorSnapshot);
    }

    public async Task CloseAsync(HttpContext context)
    {
        context.Response.StatusCode = !IsFromOwnPage(context.Request) ? StatusCodes.Status403Forbidden
            : await ReadAsync(context.Request).ConfigureAwait(false) is not { } asked ? StatusCodes.Status400BadRequest
            : TryClose(asked.Id, context) ? StatusCodes.Status204NoContent
            : StatusCodes.Status404NotFound;
    }

    private static bool IsFromOwnPage(HttpRequest request) =>
        request.Headers.ContainsKey(OwnHeader)
        && (!request.Headers.TryGetValue("Sec-Fetch-Site", out var site) || site == "same-origin");

    private static async Task<CloseRequest?> ReadAsync(HttpRequest request)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = LargestBody;
        }

        if (!request.HasJsonContentType())
        {
            return null;
        }

        try
        {
            return await request.ReadFromJsonAsync(MonitorJson.Default.CloseRequest, request.HttpContext.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private bool TryClose(string id, HttpContext context)
    {
        if (brokers.All.SelectMany(broker => broker.Connections).FirstOrDefault(connection => connection.Id == id) is not { } connection)
        {
            return false;
        }

        using var scope = ConnectionScope.Begin(_logger, LogLevel.Warning, connection);
        LogClosed(connection.Id, connection.Broker.Name, context.User.Identity?.Name);
        _ = connection.CloseAsync(CloseStatus.GoingAway, "Closed by an operator.");
        return true;
    }

    // Event ids are part of the contract: an id is never used again for another event.
    [LoggerMessage(60, LogLevel.Warning, "Connection {ConnectionId} of broker {Broker} is closed through the monitor by {User}.", EventName = "ClosedByOperator")]
    private partial void LogClosed(string connectionId, string broker, string? user);
}
