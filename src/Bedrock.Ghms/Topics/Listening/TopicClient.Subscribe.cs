using Bedrock.Ghms.Client;

namespace Bedrock.Ghms.Topics.Listening;

internal sealed partial class TopicClient
{
    /// <summary>Subscribes, and waits for the server's answer for as long as the client's time-out; before that for a connection, if the client will have one.</summary>
    /// <param name="client">Whose connection to ask on.</param>
    /// <param name="filter">A valid filter.</param>
    /// <param name="handler">Gets the messages.</param>
    /// <param name="refused">Is told when the subscription cannot be restored on a later connection.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<TopicSubscription> SubscribeAsync<T>(
        GhmsClient client, string filter, TopicHandler<T> handler, Action<Exception>? refused, CancellationToken cancellationToken)
    {
        if (!_context.InnerMessages[0].IsKnown(typeof(T)))
        {
            throw new GhmsInvalidMessageCodeException($"No registered message type is a {typeof(T)}: call AddMessage on the client's builder.");
        }

        var subscription = new TopicSubscription(
            _session, filter, (topic, message, token) => message is T typed ? handler(topic, typed, token) : ValueTask.CompletedTask, refused);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var adding = await client.PassAsync(
                connection => new ValueTask<Task>(_session.AddAsync(connection, subscription)), cancellationToken, client.Reconnects).ConfigureAwait(false);
            try
            {
                await adding.WaitAsync(_context.Options.Timeout, _context.Time, cancellationToken).ConfigureAwait(false);
                return subscription;
            }
            catch (GhmsConnectionClosedException) when (client.Reconnects)
            {
                // It ended before the server had answered, and the next one is asked.
            }
            catch (Exception exception) when (exception is OperationCanceledException or TimeoutException)
            {
                _ = GiveUpAsync(adding, subscription);
                throw;
            }
        }
    }

    // The server may have the subscription already, or get it yet.
    private static async Task GiveUpAsync(Task adding, TopicSubscription subscription)
    {
        await Task.WhenAny(adding).ConfigureAwait(false);
        if (adding.Exception is null)
        {
            await subscription.DisposeAsync().ConfigureAwait(false);
        }
    }
}
