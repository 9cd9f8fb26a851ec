using System.Net;
using Bedrock.Ghms.Broker;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Server.Admission;

/// <summary>Shows an upgrade request to handlers that know HTTP contexts only.</summary>
internal static class AdmissionHttpContext
{
    public static HttpContext Create(AdmissionContext request, IServiceProvider services, CancellationToken cancellationToken)
    {
        var context = new DefaultHttpContext { RequestServices = services, RequestAborted = cancellationToken, TraceIdentifier = request.ConnectionId };
        context.Request.Protocol = HttpProtocol.Http11;
        context.Request.Method = HttpMethods.Get;
        context.Request.Path = request.Path;
        context.Request.QueryString = request.Query.Length == 0 ? default : new QueryString("?" + request.Query);
        foreach (var (name, value) in request.Headers)
        {
            context.Request.Headers[name] = value;
        }

        context.Connection.Id = request.ConnectionId;
        (context.Connection.RemoteIpAddress, context.Connection.RemotePort) = Split(request.RemoteEndPoint);
        (context.Connection.LocalIpAddress, context.Connection.LocalPort) = Split(request.LocalEndPoint);
        context.Features.Set(request.Features.Get<ITlsConnectionFeature>());
        context.Request.Scheme = request.Features.Get<ITlsHandshakeFeature>() is null ? "http" : "https";
        if (request.User is { } user)
        {
            context.User = user;
        }

        return context;
    }

    private static (IPAddress? Address, int Port) Split(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address: var address, Port: var port } ? (address, port) : default;
}
