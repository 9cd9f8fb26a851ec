using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Topics.Matching;
using Bedrock.Ghms.Topics.Wire;

namespace Bedrock.Ghms.Topics.Serving;

/// <summary>A connection with its filters. While one of them is being opened, what is published for the connection waits here. Safe for concurrent use.</summary>
/// <param name="connection">The connection.</param>
/// <param name="index">Where its filters are found.</param>
/// <param name="watch">Who hears of first and last subscribers.</param>
/// <param name="maxDeferred">How many bytes may wait here.</param>
internal sealed class Subscriber(GhmsConnection connection, SubscriptionIndex<GhmsConnection> index, SubscriptionWatch watch, long maxDeferred)
{
    private readonly Lock _sync = new();
    private readonly HashSet<string> _filters = new(StringComparer.Ordinal);
    private List<Publication> _deferred = [];
    private long _deferredBytes;
    private bool _isOpening;
    private bool _isEnded;

    public GhmsConnection Connection => connection;

    /// <summary>How many filters it has.</summary>
    public int Count
    {
        get
        {
            lock (_sync)
            {
                return _filters.Count;
            }
        }
    }

    public bool Has(string filter)
    {
        lock (_sync)
        {
            return _filters.Contains(filter);
        }
    }

    /// <summary>Adds a filter; from here on publications are deferred, until <see cref="TakeDeferred"/> finds none left.</summary>
    /// <returns>Whether the connection has not ended.</returns>
    public bool TryOpen(string filter)
    {
        lock (_sync)
        {
            if (_isEnded)
            {
                return false;
            }

            _isOpening = true;
            _filters.Add(filter);
            watch.Change(() => index.Add(filter, connection, out var isFirst) && isFirst, filter, isFirst: true);
            return true;
        }
    }

    /// <returns>Whether it had the filter.</returns>
    public bool Remove(string filter)
    {
        lock (_sync)
        {
            if (!_filters.Remove(filter))
            {
                return false;
            }

            RemoveFromIndex(filter);
            return true;
        }
    }

    /// <summary>Keeps a publication for later, if this is the time for it.</summary>
    /// <param name="publication">The publication, as bytes.</param>
    /// <param name="isFull">Whether more waits here than may: the connection is too slow, and gets none of it.</param>
    public bool TryDefer(Publication publication, out bool isFull)
    {
        lock (_sync)
        {
            isFull = false;
            if (!_isOpening)
            {
                return false;
            }

            _deferred.Add(publication);
            _deferredBytes += publication.Topic.Length + publication.Payload!.Length;
            isFull = _deferredBytes > maxDeferred;
            if (isFull)
            {
                Drop();
            }

            return true;
        }
    }

    /// <summary>Takes what has been deferred; <see langword="null"/>, and the end of deferring, if that is nothing.</summary>
    public List<Publication>? TakeDeferred()
    {
        lock (_sync)
        {
            var taken = _deferred;
            _isOpening = taken.Count > 0;
            if (_isOpening)
            {
                Drop();
            }

            return _isOpening ? taken : null;
        }
    }

    /// <summary>Ends deferring, also where the connection has failed meanwhile.</summary>
    public void EndOpening()
    {
        lock (_sync)
        {
            _isOpening = false;
            Drop();
        }
    }

    /// <summary>Removes all filters, for good.</summary>
    public void End()
    {
        lock (_sync)
        {
            _isEnded = true;
            foreach (var filter in _filters)
            {
                RemoveFromIndex(filter);
            }

            _filters.Clear();
            Drop();
        }
    }

    private void RemoveFromIndex(string filter) =>
        watch.Change(() => index.Remove(filter, connection, out var wasLast) && wasLast, filter, isFirst: false);

    private void Drop() => (_deferred, _deferredBytes) = ([], 0);
}
