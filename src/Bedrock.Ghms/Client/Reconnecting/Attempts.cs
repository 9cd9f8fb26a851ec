using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>Makes attempts: header fields, transport, upgrade, and what the server has to be told anew.</summary>
internal sealed class Attempts(GhmsBroker broker, Connector connector, HeaderSource headers, TimeSpan timeout)
{
    /// <summary>Makes one attempt. Its failure is its outcome; it throws only when the token has fired.</summary>
    /// <param name="server">The server.</param>
    /// <param name="connecting">Is called when it is known that there will be an attempt: after a refusal, not before other credentials are there.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<AttemptOutcome> TryAsync(Candidate server, Action connecting, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, broker.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        IReadOnlyList<KeyValuePair<string, string>>? fields = null;
        try
        {
            if (!server.HasRefused)
            {
                connecting();
            }

            fields = await headers.GetAsync(either.Token).ConfigureAwait(false);
            if (server.HasRefused)
            {
                if (server.IsHeldBack(fields))
                {
                    return new AttemptOutcome(null, null);
                }

                connecting();
            }

            var connection = await connector.ConnectAsync(server.Target, fields, either.Token).ConfigureAwait(false);
            return await ResumeAsync(new ServerConnection(server, fields, connection, broker.Time.GetTimestamp()), deadline.Token, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var failure = exception is OperationCanceledException && deadline.IsCancellationRequested
                ? new TimeoutException($"No connection to {server.Name} within {timeout}.", exception)
                : exception;

            // What a provider of header fields throws may be over next time, whatever it is.
            return new AttemptOutcome(null, new FailedAttempt(server, fields ?? [], fields is null ? new RetryCause(RetryKind.Failed) : RetryCause.Of(failure), failure));
        }
    }

    private async Task<AttemptOutcome> ResumeAsync(ServerConnection connected, CancellationToken late, CancellationToken cancellationToken)
    {
        var connection = connected.Connection;

        // One that was connected by hand, and may take any time over that, is answered in time all the same.
        using var deadline = new CancellationTokenSource(broker.Options.Timeout, broker.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, late, cancellationToken);
        try
        {
            await broker.ResumeAsync(connection, either.Token).ConfigureAwait(false);
            return new AttemptOutcome(connected, null);
        }
        catch (Exception exception)
        {
            // It is not what was lost, and so of no use.
            _ = connection.GoAwayAsync();
            cancellationToken.ThrowIfCancellationRequested();
            var failure = exception is OperationCanceledException
                ? new TimeoutException($"What {connected.Server.Name} has to know was not restored in time.", exception)
                : exception;
            var cause = RetryCause.Of(connection.End!, broker.Time.GetElapsedTime(connected.UpgradedAt));
            return new AttemptOutcome(null, new FailedAttempt(connected.Server, connected.Fields, cause, failure));
        }
    }
}
