namespace Bedrock.Ghms.Topics.Serving;

/// <summary>Tells the application of first and last subscribers: in the order in which it happened, one at a time, and under no lock.</summary>
/// <param name="first">Told of a filter that has got its first subscriber.</param>
/// <param name="last">Told of a filter that has lost its last one.</param>
/// <param name="failed">Told of an exception that one of them threw.</param>
internal sealed class SubscriptionWatch(Action<string>? first, Action<string>? last, Action<string, Exception> failed)
{
    private readonly Lock _sync = new();
    private readonly Queue<(string Filter, bool IsFirst)> _waiting = [];
    private bool _isTelling;

    /// <summary>Makes a change, and remembers it if it is one to tell of.</summary>
    /// <param name="change">Changes the index; whether it was the first subscriber that came, or the last that went.</param>
    /// <param name="filter">The filter that it changes.</param>
    /// <param name="isFirst">Which of the two it may be.</param>
    public void Change(Func<bool> change, string filter, bool isFirst)
    {
        lock (_sync)
        {
            if (change() && (isFirst ? first : last) is not null)
            {
                _waiting.Enqueue((filter, isFirst));
            }
        }
    }

    /// <summary>Tells of all changes that have not been told, unless somebody is doing that already.</summary>
    public void Tell()
    {
        while (TryTake(out var change))
        {
            try
            {
                (change.IsFirst ? first : last)!(change.Filter);
            }
            catch (Exception exception)
            {
                failed(change.Filter, exception);
            }

            lock (_sync)
            {
                _isTelling = false;
            }
        }
    }

    private bool TryTake(out (string Filter, bool IsFirst) change)
    {
        lock (_sync)
        {
            change = default;
            return !_isTelling && (_isTelling = _waiting.TryDequeue(out change));
        }
    }
}
