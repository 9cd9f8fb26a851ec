namespace Bedrock.Ghms.Topics.Matching;

/// <summary>One value for each topic, found by topic or by filter. Bounded, and safe for concurrent use.</summary>
/// <remarks>
/// When it is full, topics that have no value get none; those that have one can still change it. Topics and filters are checked by the caller.
/// </remarks>
/// <param name="maxCount">The most values.</param>
/// <param name="maxBytes">The most bytes of all values, by the sizes they are set with.</param>
/// <typeparam name="T">A value.</typeparam>
internal sealed class RetainedIndex<T>(int maxCount, long maxBytes)
    where T : class
{
    private readonly Lock _sync = new();
    private readonly RetainedNode<T> _root = new();
    private int _count;
    private long _bytes;

    /// <summary>How many values there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What the values count for together.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Sets the value of a topic in place of the one it had.</summary>
    /// <param name="topic">A valid topic.</param>
    /// <param name="value">The value.</param>
    /// <param name="size">How many bytes it counts for.</param>
    /// <returns>Whether there was room. If not, the topic has no value any more: an old one must not pass for the last one.</returns>
    public bool TrySet(string topic, T value, int size)
    {
        lock (_sync)
        {
            var node = Find(topic);
            var isNew = node?.Value is null;
            if ((isNew && _count >= maxCount) || _bytes - (node?.Size ?? 0) + size > maxBytes)
            {
                Clear(node);
                return false;
            }

            node ??= Grow(topic);
            _count += isNew ? 1 : 0;
            _bytes += size - node.Size;
            (node.Value, node.Size) = (value, size);
            return true;
        }
    }

    /// <summary>Removes the value of a topic, if it has one.</summary>
    public void Clear(string topic)
    {
        lock (_sync)
        {
            Clear(Find(topic));
        }
    }

    /// <summary>Finds the values of all topics that a filter matches.</summary>
    /// <param name="filter">A valid filter.</param>
    /// <param name="found">What is found is added to it, in no particular order.</param>
    public void Search(ReadOnlySpan<char> filter, List<T> found)
    {
        lock (_sync)
        {
            Collect(_root, filter, found);
        }
    }

    private static void Collect(RetainedNode<T> node, ReadOnlySpan<char> rest, List<T> found)
    {
        var end = rest.IndexOf(TopicSyntax.Separator);
        var level = end < 0 ? rest : rest[..end];
        if (level is TopicSyntax.AllBelow)
        {
            CollectAll(node, found);
        }
        else if (level is not TopicSyntax.AnyLevel)
        {
            Descend(node.Find(level), rest, end, found);
        }
        else
        {
            foreach (var child in node)
            {
                if (node.Parent is not null || !TopicSyntax.IsHidden(child.Level))
                {
                    Descend(child, rest, end, found);
                }
            }
        }
    }

    private static void Descend(RetainedNode<T>? child, ReadOnlySpan<char> rest, int end, List<T> found)
    {
        if (child is not null && end >= 0)
        {
            Collect(child, rest[(end + 1)..], found);
        }
        else if (child?.Value is { } value)
        {
            found.Add(value);
        }
    }

    private static void CollectAll(RetainedNode<T> node, List<T> found)
    {
        if (node.Value is { } value)
        {
            found.Add(value);
        }

        foreach (var child in node)
        {
            if (node.Parent is not null || !TopicSyntax.IsHidden(child.Level))
            {
                CollectAll(child, found);
            }
        }
    }

    private RetainedNode<T>? Find(string topic)
    {
        var node = _root;
        foreach (var range in topic.AsSpan().Split(TopicSyntax.Separator))
        {
            node = node.Find(topic.AsSpan()[range]);
            if (node is null)
            {
                return null;
            }
        }

        return node;
    }

    private RetainedNode<T> Grow(string topic)
    {
        var node = _root;
        foreach (var range in topic.AsSpan().Split(TopicSyntax.Separator))
        {
            var level = topic.AsSpan()[range];
            node = node.Find(level) ?? node.Grow(level);
        }

        return node;
    }

    private void Clear(RetainedNode<T>? node)
    {
        if (node?.Value is null)
        {
            return;
        }

        _count--;
        _bytes -= node.Size;
        (node.Value, node.Size) = (null, 0);
        for (var empty = node; empty is { IsEmpty: true, Parent: { } parent }; empty = parent)
        {
            parent.Remove(empty);
        }
    }
}
