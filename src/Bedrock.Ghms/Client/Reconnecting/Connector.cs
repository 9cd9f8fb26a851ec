using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client.Transport;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>Makes one attempt at one server: transport, middleware, upgrade.</summary>
/// <param name="broker">Who runs the connection.</param>
/// <param name="dialer">Opens its transport.</param>
internal sealed class Connector(GhmsBroker broker, Dialer dialer)
{
    public async Task<GhmsConnection> ConnectAsync(
        ConnectTarget target, IReadOnlyList<KeyValuePair<string, string>> fields, CancellationToken cancellationToken)
    {
        var request = new UpgradeRequest
        {
            Path = target.Path,
            Host = target.Host,
            Accept = [.. broker.Registry.Offered.Select(encoding => encoding.MediaType)],
            Timeout = broker.Options.Timeout,
            MaxMessageSize = (uint)broker.Options.MaxMessageSize,
            Fields = fields,
        };
        var transport = await OpenAsync(target, cancellationToken).ConfigureAwait(false);
        return await broker.StartAsync(transport, request, cancellationToken).ConfigureAwait(false);
    }

    // A factory that does not look at its token goes on alone, and what it makes then is nobody's.
    private async Task<ConnectionContext> OpenAsync(ConnectTarget target, CancellationToken cancellationToken)
    {
        var opening = dialer.ConnectAsync(target, cancellationToken).AsTask();
        try
        {
            return await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!opening.IsCompleted)
        {
            _ = DropAsync(opening);
            throw;
        }
    }

    private static async Task DropAsync(Task<ConnectionContext> opening)
    {
        try
        {
            await (await opening.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Nobody waits for it any more.
        }
    }
}
