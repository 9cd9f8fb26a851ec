using System.Net;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsBroker
{
    /// <summary>Upgrades <paramref name="transport"/> as a client and starts the connection, which does not count for <see cref="GhmsBrokerOptions.MaxConnections"/>.</summary>
    /// <param name="transport">A fresh transport. It belongs to the broker from here on, also when this fails.</param>
    /// <param name="path">The path and query to ask for, percent-encoded.</param>
    /// <param name="encoding">The media type to ask for; <see langword="null"/> offers every registered encoding, the first one preferred.</param>
    /// <param name="cancellationToken">Ends the attempt; without effect on the connection once it has started.</param>
    /// <returns>The started connection.</returns>
    /// <exception cref="GhmsInvalidEncodingException">The encoding is not registered; nothing was sent.</exception>
    /// <exception cref="GhmsUpgradeException">The peer refused, or its answer was not the upgrade that was asked for.</exception>
    /// <exception cref="GhmsConnectionClosedException">The broker has been closed.</exception>
    /// <exception cref="TimeoutException">There was no answer within the broker's time-out.</exception>
    public Task<GhmsConnection> StartAsync(
        ConnectionContext transport, string path = "/", string? encoding = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transport);
        return StartAsync(
            transport,
            new UpgradeRequest
            {
                Path = path,
                Host = transport.RemoteEndPoint switch
                {
                    IPEndPoint address => address.ToString(),
                    DnsEndPoint name => $"{name.Host}:{name.Port}",
                    _ => "localhost",
                },
                Accept = encoding is null ? [.. Registry.Offered.Select(known => known.MediaType)] : [encoding],
                Timeout = Options.Timeout,
                MaxMessageSize = (uint)Options.MaxMessageSize,
            },
            cancellationToken);
    }

    /// <summary>Upgrades <paramref name="transport"/> with a request of the caller's making.</summary>
    /// <inheritdoc cref="StartAsync(ConnectionContext, string, string?, CancellationToken)"/>
    /// <param name="transport">A fresh transport. It belongs to the broker from here on, also when this fails.</param>
    /// <param name="request">The request to send.</param>
    /// <param name="cancellationToken">Ends the attempt; without effect on the connection once it has started.</param>
    public async Task<GhmsConnection> StartAsync(
        ConnectionContext transport, UpgradeRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentNullException.ThrowIfNull(request);
        var activity = Tracing.StartUpgrade(ref request);
        try
        {
            ThrowIfClosed();
            CheckEncodings(request.Accept);
            var terms = await UpgradeAsync(transport, request, cancellationToken).ConfigureAwait(false);
            var connection = new GhmsConnection(this, transport, terms);
            OnUpgraded(connection, activity);
            TakeIn(connection);
            _ = connection.RunAsync(ownsTransport: true);
            return connection;
        }
        catch (Exception exception)
        {
            Meter.OnUpgrade(this, exception is GhmsUpgradeException { StatusCode: not null } ? "refused" : "failed", (exception as GhmsUpgradeException)?.StatusCode);
            activity.Fail(exception);
            transport.Abort();
            await transport.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void CheckEncodings(IReadOnlyList<string> asked)
    {
        foreach (var mediaType in asked)
        {
            if (Messages.MessageRegistry.OrdinalOf(Registry.Offered, mediaType) < 0)
            {
                throw new GhmsInvalidEncodingException($"The encoding '{mediaType}' is not registered.");
            }
        }
    }

    private async Task<ConnectionTerms> UpgradeAsync(
        ConnectionContext transport, UpgradeRequest request, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Options.Timeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            UpgradeRequestWriter.Write(transport.Transport.Output, request);
            await transport.Transport.Output.FlushAsync(either.Token).ConfigureAwait(false);
            var response = await ReadResponseAsync(transport, either.Token).ConfigureAwait(false);
            if (response.Status != 101)
            {
                var body = await UpgradeResponseBody.ReadAsync(transport.Transport.Input, response, either.Token).ConfigureAwait(false);
                throw new GhmsUpgradeException(response.Status, response.Reason, body) { RetryAfter = response.RetryAfter };
            }

            var mediaType = UpgradeResponseRules.Check(response, request);
            var query = request.Path.IndexOf('?');
            return new ConnectionTerms
            {
                Path = Uri.UnescapeDataString(query < 0 ? request.Path : request.Path[..query]),
                Query = query < 0 ? "" : request.Path[(query + 1)..],
                Encoding = Messages.MessageRegistry.OrdinalOf(Registry.Offered, mediaType),
                PeerTimeout = response.Timeout,
                PeerMaxMessageSize = response.MaxMessageSize,
            };
        }
        catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException or ConnectionAbortedException)
        {
            // An aborted transport fails with a cancellation, which is nobody's wish and no time-out.
            throw new GhmsUpgradeException("The connection was lost before the peer had answered the upgrade.", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The peer did not answer the upgrade within {Options.Timeout}.", exception);
        }
    }

    private static async Task<UpgradeResponse> ReadResponseAsync(ConnectionContext transport, CancellationToken cancellationToken)
    {
        using var parser = new UpgradeResponseParser();
        while (true)
        {
            var result = await transport.Transport.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var isWhole = parser.TryParse(result.Buffer, out var consumed, out var response);
            transport.Transport.Input.AdvanceTo(consumed);
            if (isWhole)
            {
                return response!;
            }

            if (result.IsCompleted)
            {
                throw new GhmsUpgradeException("The peer ended the connection before it had answered the upgrade.");
            }
        }
    }
}
