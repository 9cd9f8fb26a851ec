namespace Bedrock.Ghms.Topics.Matching;

/// <summary>The subscribers of one topic, each exactly once. Made to be used again; not safe for concurrent use.</summary>
/// <typeparam name="T">A subscriber.</typeparam>
internal sealed class Matches<T>
    where T : class
{
    // What one topic with very many subscribers needed is not kept for all that come after it.
    private const int KeptCapacity = 4_096;

    private readonly List<T[]> _sets = [];
    private HashSet<T>? _distinct;

    /// <summary>Whoever matched; valid until the next search.</summary>
    public IReadOnlyCollection<T> Subscribers { get; private set; } = [];

    public void Clear()
    {
        _sets.Clear();
        Subscribers = [];
        if (_distinct?.Capacity > KeptCapacity)
        {
            _distinct = null;
        }

        _distinct?.Clear();
    }

    /// <summary>Adds the subscribers of a filter that matches.</summary>
    /// <param name="subscribers">Must never change again.</param>
    public void Add(T[] subscribers)
    {
        if (subscribers.Length > 0)
        {
            _sets.Add(subscribers);
        }
    }

    /// <summary>Makes <see cref="Subscribers"/> of what was added: one filter's as they are, the union of several.</summary>
    public void Complete()
    {
        if (_sets.Count <= 1)
        {
            Subscribers = _sets.Count == 0 ? [] : _sets[0];
            return;
        }

        _distinct ??= [];
        foreach (var set in _sets)
        {
            foreach (var subscriber in set)
            {
                _distinct.Add(subscriber);
            }
        }

        Subscribers = _distinct;
    }
}
