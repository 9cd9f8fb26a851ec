namespace Bedrock.Ghms.Topics.Matching;

/// <summary>The subscribers of one filter. Changes need exclusive access; snapshots may be taken concurrently with each other.</summary>
/// <remarks>
/// A few stand in an array that is replaced on each change, so it is its own snapshot. Many stand in a hash set, so that
/// joining and leaving do not cost a copy of all, and the first match after a change makes the snapshot.
/// </remarks>
/// <typeparam name="T">A subscriber.</typeparam>
internal struct SubscriberSet<T>
    where T : class
{
    private const int Few = 16;

    private T[]? _snapshot;
    private HashSet<T>? _many;

    public readonly bool IsEmpty => _snapshot is null && _many is null;

    /// <summary>The subscribers, never changed again; empty if there is none.</summary>
    public T[] Snapshot()
    {
        if (IsEmpty)
        {
            return [];
        }

        var snapshot = Volatile.Read(ref _snapshot);
        if (snapshot is null)
        {
            // Whoever else makes one at the same time makes the same.
            snapshot = [.. _many!];
            Volatile.Write(ref _snapshot, snapshot);
        }

        return snapshot;
    }

    /// <returns>Whether the subscriber was not there yet.</returns>
    public bool Add(T subscriber)
    {
        if (_many is not null)
        {
            return _many.Add(subscriber) && Forget();
        }

        if (_snapshot is null)
        {
            _snapshot = [subscriber];
            return true;
        }

        if (Array.IndexOf(_snapshot, subscriber) >= 0)
        {
            return false;
        }

        if (_snapshot.Length < Few)
        {
            _snapshot = [.. _snapshot, subscriber];
            return true;
        }

        _many = [.. _snapshot, subscriber];
        return Forget();
    }

    /// <returns>Whether the subscriber was there.</returns>
    public bool Remove(T subscriber)
    {
        if (_many is not null)
        {
            if (!_many.Remove(subscriber))
            {
                return false;
            }

            _many = _many.Count == 0 ? null : _many;
            return Forget();
        }

        if (_snapshot is null || Array.IndexOf(_snapshot, subscriber) is var at && at < 0)
        {
            return false;
        }

        _snapshot = _snapshot.Length == 1 ? null : [.. _snapshot.AsSpan(0, at), .. _snapshot.AsSpan(at + 1)];
        return true;
    }

    private bool Forget()
    {
        _snapshot = null;
        return true;
    }
}
