using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Client.Transport;

/// <summary>Opens TCP and Unix domain socket connections. Safe for concurrent use.</summary>
/// <param name="connectTimeout">How long one attempt may take with all its addresses; 15 seconds by default.</param>
/// <param name="time">Where that time is measured.</param>
public sealed class SocketConnectionFactory(TimeSpan? connectTimeout = null, TimeProvider? time = null) : IConnectionFactory
{
    private readonly TimeSpan _connectTimeout = connectTimeout ?? TimeSpan.FromSeconds(15);
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Connects to <paramref name="endpoint"/>. A name is resolved anew, and each of its addresses tried in turn.</summary>
    /// <param name="endpoint">A <see cref="DnsEndPoint"/>, <see cref="IPEndPoint"/> or <see cref="UnixDomainSocketEndPoint"/>.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NotSupportedException">The end point is of another kind.</exception>
    /// <exception cref="SocketException">The name is unknown, or no address let us connect; the last one's error.</exception>
    /// <exception cref="TimeoutException">The time is up.</exception>
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        using var deadline = new CancellationTokenSource(_connectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await ConnectToAnyAsync(await ResolveAsync(endpoint, either.Token).ConfigureAwait(false), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No connection to {endpoint} within {_connectTimeout}.", exception);
        }
    }

    private static async ValueTask<EndPoint[]> ResolveAsync(EndPoint endpoint, CancellationToken cancellationToken)
    {
        switch (endpoint)
        {
            case IPEndPoint or UnixDomainSocketEndPoint:
                return [endpoint];
            case DnsEndPoint name:
                var addresses = await Dns.GetHostAddressesAsync(name.Host, name.AddressFamily, cancellationToken).ConfigureAwait(false);
                return addresses.Length > 0
                    ? [.. addresses.Select(address => new IPEndPoint(address, name.Port))]
                    : throw new SocketException((int)SocketError.HostNotFound);
            default:
                throw new NotSupportedException($"Cannot connect to a {endpoint.GetType().Name}.");
        }
    }

    private static async Task<ConnectionContext> ConnectToAnyAsync(EndPoint[] endpoints, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            var endpoint = endpoints[i];
            var isTcp = endpoint is IPEndPoint;
            var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, isTcp ? ProtocolType.Tcp : ProtocolType.Unspecified);
            try
            {
                if (isTcp)
                {
                    socket.NoDelay = true;
                }

                await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
                return new SocketConnection(socket);
            }
            catch (Exception exception)
            {
                socket.Dispose();
                if (exception is not SocketException || i == endpoints.Length - 1)
                {
                    throw;
                }
            }
        }
    }
}
