using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Client.Transport;

/// <summary>Runs each connection of another factory through connection middleware before handing it out.</summary>
/// <remarks>
/// Middleware is a delegate around the rest of the connection's life: it unwinds when the connection is disposed. So the end of
/// the chain hands the connection out and stays until that happens.
/// </remarks>
internal sealed class MiddlewareConnectionFactory : IConnectionFactory
{
    private readonly IConnectionFactory _inner;
    private readonly ConnectionDelegate _pipeline;

    public MiddlewareConnectionFactory(IConnectionFactory inner, IServiceProvider services, Action<IConnectionBuilder> configure)
    {
        _inner = inner;
        var builder = new ConnectionBuilder(services);
        configure(builder);
        builder.Run(static connection => connection.Features.Get<LayeredConnection>() is { } layered
            ? layered.HandOutAsync(connection)
            : throw new InvalidOperationException("The connection middleware passed on a connection without the features of the one it was given."));
        _pipeline = builder.Build();
    }

    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var inner = await _inner.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
        var layered = new LayeredConnection(inner);
        inner.Features.Set(layered);
        await layered.StartAsync(_pipeline, cancellationToken).ConfigureAwait(false);
        return layered;
    }
}
