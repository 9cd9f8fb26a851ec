using System.Net;
using Bedrock.Ghms.Client.Tls;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Client.Transport;

/// <summary>Makes a client's connections: dials, and runs each through the connection middleware before handing it out. Safe for concurrent use.</summary>
/// <remarks>
/// Middleware is a delegate around the rest of the connection's life: it unwinds when the connection is disposed. So the end of
/// the chain hands the connection out and stays until that happens.
/// </remarks>
internal sealed class Dialer
{
    private readonly IConnectionFactory _transport;
    private readonly ConnectionDelegate _pipeline;
    private readonly bool _hasMiddleware;

    /// <param name="transport">What dials.</param>
    /// <param name="services">What middleware may ask for.</param>
    /// <param name="middleware">The first is the outermost.</param>
    public Dialer(IConnectionFactory transport, IServiceProvider services, IReadOnlyCollection<Action<IConnectionBuilder>> middleware)
    {
        _transport = transport;
        var builder = new ConnectionBuilder(services);
        foreach (var configure in middleware)
        {
            configure(builder);
        }

        _hasMiddleware = middleware.Count > 0;
        builder.UseTlsWhereAskedFor();
        builder.Run(static connection => connection.Features.Get<LayeredConnection>() is { } layered
            ? layered.HandOutAsync(connection)
            : throw new InvalidOperationException("The connection middleware passed on a connection without the features of the one it was given."));
        _pipeline = builder.Build();
    }

    /// <summary>The proxy that is dialled in place of the server; its middleware asks it for the server.</summary>
    public EndPoint? Proxy { get; init; }

    /// <summary>How long the middleware may take over one connection; without a limit by default.</summary>
    public TimeSpan Timeout { get; init; } = System.Threading.Timeout.InfiniteTimeSpan;

    /// <summary>Where that time is measured.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Makes one attempt; it fails with what the transport or the middleware throws.</summary>
    /// <exception cref="TimeoutException">The middleware took too long.</exception>
    public async ValueTask<ConnectionContext> ConnectAsync(ConnectTarget target, CancellationToken cancellationToken = default)
    {
        var inner = await _transport.ConnectAsync(Proxy ?? target.EndPoint, cancellationToken).ConfigureAwait(false);
        inner.Features.Set<IConnectionTargetFeature>(target);
        if (!_hasMiddleware && !target.IsTls)
        {
            return inner;
        }

        var layered = new LayeredConnection(inner);
        inner.Features.Set(layered);
        await layered.StartAsync(_pipeline, Timeout, Time, cancellationToken).ConfigureAwait(false);
        return layered;
    }
}
