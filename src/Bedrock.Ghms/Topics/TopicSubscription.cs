using Bedrock.Ghms.Topics.Listening;

namespace Bedrock.Ghms.Topics;

/// <summary>A client's subscription, on whichever connection the client has. Disposing of it ends it. Safe for concurrent use.</summary>
/// <remarks>A client that reconnects asks for it again on every new connection, before anything else is sent. What topics retain then comes
/// again, and what was published meanwhile does not.</remarks>
public sealed class TopicSubscription : IAsyncDisposable
{
    private readonly TopicSession _session;
    private readonly TopicHandler<object> _handler;
    private readonly Action<Exception>? _refused;
    private int _isEnded;

    internal TopicSubscription(TopicSession session, string filter, TopicHandler<object> handler, Action<Exception>? refused)
    {
        _session = session;
        _handler = handler;
        _refused = refused;
        Filter = filter;
    }

    /// <summary>The filter.</summary>
    public string Filter { get; }

    /// <summary>Whether the server has it now: not while there is no connection, and not after the server has refused to restore it, which is logged
    /// and tried again with the next connection.</summary>
    public bool IsActive => Volatile.Read(ref _isEnded) == 0 && _session.IsActive(Filter);

    /// <summary>Ends the subscription. From the call on its handler is not begun any more; one that runs is not waited for. It may be awaited in a handler.</summary>
    /// <returns>A task that completes, never with a failure, when the server has answered or the connection has ended.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) == 0)
        {
            await _session.RemoveAsync(this).ConfigureAwait(false);
        }
    }

    internal void OnRefused(Exception exception) => _refused?.Invoke(exception);

    internal ValueTask HandleAsync(string topic, object message, CancellationToken cancellationToken) =>
        Volatile.Read(ref _isEnded) == 0 ? _handler(topic, message, cancellationToken) : ValueTask.CompletedTask;
}
