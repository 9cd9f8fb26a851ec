using System.IO.Pipelines;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.BedrockFramework;

/// <summary>The client's half of an upgrade, on a bare connection. Safe for concurrent use.</summary>
internal sealed class ClientUpgrade(UpgradeRequest request, TimeSpan timeout, TimeProvider time)
{
    /// <summary>Sends the request and reads the answer; after a failure the connection is done with.</summary>
    public async Task<UpgradeResponse> RunAsync(ConnectionContext connection)
    {
        var transport = connection.Transport;
        using var deadline = new CancellationTokenSource(timeout, time);
        try
        {
            return await UpgradeAsync(transport, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Bedrock disposes of no connection whose middleware fails, and its sockets know no abort: what ends them is the end of their pipes.
            connection.Abort(new ConnectionAbortedException("The upgrade failed.", exception));
            await transport.Output.CompleteAsync().ConfigureAwait(false);
            await transport.Input.CompleteAsync().ConfigureAwait(false);
            throw exception switch
            {
                OperationCanceledException => new TimeoutException($"The peer did not answer the upgrade within {timeout}.", exception),
                IOException => new GhmsUpgradeException("The connection was lost before the peer had answered the upgrade.", exception),
                _ => exception,
            };
        }
    }

    private async Task<UpgradeResponse> UpgradeAsync(IDuplexPipe transport, CancellationToken cancellationToken)
    {
        UpgradeRequestWriter.Write(transport.Output, request);
        await transport.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
        var response = await ReadAsync(transport.Input, cancellationToken).ConfigureAwait(false);
        if (response.Status != 101)
        {
            var body = await UpgradeResponseBody.ReadAsync(transport.Input, response, cancellationToken).ConfigureAwait(false);
            throw new GhmsUpgradeException(response.Status, response.Reason, body) { RetryAfter = response.RetryAfter };
        }

        UpgradeResponseRules.Check(response, request);
        return response;
    }

    private static async Task<UpgradeResponse> ReadAsync(PipeReader input, CancellationToken cancellationToken)
    {
        using var parser = new UpgradeResponseParser();
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var isWhole = parser.TryParse(result.Buffer, out var consumed, out var response);
            input.AdvanceTo(consumed);
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
