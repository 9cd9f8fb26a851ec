using Bedrock.Ghms.Topics.Listening;

namespace Bedrock.Ghms.Topics;

/// <summary>A client's subscription. Disposing of it ends it. Safe for concurrent use.</summary>
public sealed class TopicSubscription : IAsyncDisposable
{
    private readonly TopicSession _session;
    private readonly TopicHandler<object> _handler;
    private int _isEnded;

    internal TopicSubscription(TopicSession session, string filter, TopicHandler<object> handler)
    {
        _session = session;
        _handler = handler;
        Filter = filter;
    }

    /// <summary>The filter.</summary>
    public string Filter { get; }

    /// <summary>Ends the subscription. From the call on its handler is not begun any more; one that runs is not waited for. It may be awaited in a handler.</summary>
    /// <returns>A task that completes, never with a failure, when the server has answered or the connection has ended.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) == 0)
        {
            await _session.RemoveAsync(this).ConfigureAwait(false);
        }
    }

    internal ValueTask HandleAsync(string topic, object message, CancellationToken cancellationToken) =>
        Volatile.Read(ref _isEnded) == 0 ? _handler(topic, message, cancellationToken) : ValueTask.CompletedTask;
}
