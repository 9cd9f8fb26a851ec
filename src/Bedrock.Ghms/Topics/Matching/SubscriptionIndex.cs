using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Topics.Matching;

/// <summary>Who subscribed to what, as a tree of topic levels, so that a search costs by the levels that match. Safe for concurrent use.</summary>
/// <remarks>
/// Every search sees a state that existed: a subscriber that goes over from one matching filter to another is always found.
/// Filters and topics are checked by the caller.
/// </remarks>
/// <typeparam name="T">A subscriber.</typeparam>
internal sealed class SubscriptionIndex<T>
    where T : class
{
    [ThreadStatic]
    private static Matches<T>? _matches;

    private readonly StripedLock _lock = new();
    private readonly FilterNode<T> _root = new();

    /// <summary>Whether there is no subscription, and nothing is left of those that were.</summary>
    public bool IsEmpty
    {
        get
        {
            using (_lock.Read())
            {
                return _root.IsEmpty;
            }
        }
    }

    /// <summary>Adds a subscriber to a filter.</summary>
    /// <param name="filter">A valid filter.</param>
    /// <param name="subscriber">The subscriber.</param>
    /// <param name="isFirst">Whether nobody had subscribed to this very filter.</param>
    /// <returns>Whether the subscriber was not there yet.</returns>
    public bool Add(string filter, T subscriber, out bool isFirst)
    {
        using var writing = _lock.Write();
        var node = _root;
        foreach (var range in filter.AsSpan().Split(TopicSyntax.Separator))
        {
            var level = filter.AsSpan()[range];
            node = level is TopicSyntax.AllBelow ? node : node.FindFilter(level) ?? node.Grow(level);
        }

        ref var set = ref SetOf(node, filter);
        isFirst = set.IsEmpty;
        return set.Add(subscriber);
    }

    /// <summary>Removes a subscriber from a filter.</summary>
    /// <param name="filter">A valid filter.</param>
    /// <param name="subscriber">The subscriber.</param>
    /// <param name="wasLast">Whether that leaves nobody at this very filter.</param>
    /// <returns>Whether the subscriber was there.</returns>
    public bool Remove(string filter, T subscriber, out bool wasLast)
    {
        using var writing = _lock.Write();
        if (Find(filter) is not { } node || !SetOf(node, filter).Remove(subscriber))
        {
            wasLast = false;
            return false;
        }

        wasLast = SetOf(node, filter).IsEmpty;
        Prune(node);
        return true;
    }

    /// <summary>Whether anybody has subscribed to this very filter.</summary>
    /// <param name="filter">A valid filter.</param>
    public bool Contains(string filter)
    {
        using (_lock.Read())
        {
            return Find(filter) is { } node && !SetOf(node, filter).IsEmpty;
        }
    }

    /// <summary>Finds whoever has at least one filter that matches.</summary>
    /// <param name="topic">A valid topic.</param>
    /// <param name="matches">Takes what is found in place of what it held.</param>
    public void Match(ReadOnlySpan<char> topic, Matches<T> matches)
    {
        matches.Clear();
        using (_lock.Read())
        {
            Collect(_root, topic, wildcards: !TopicSyntax.IsHidden(topic), matches);
        }

        matches.Complete();
    }

    /// <summary>Finds whoever has at least one filter that matches.</summary>
    /// <param name="topic">A valid topic.</param>
    /// <returns>Each subscriber once; not a copy where only one filter matches.</returns>
    public ImmutableArray<T> Match(ReadOnlySpan<char> topic)
    {
        var matches = _matches ??= new Matches<T>();
        Match(topic, matches);
        ImmutableArray<T> found = matches.Subscribers is T[] single ? ImmutableCollectionsMarshal.AsImmutableArray(single) : [.. matches.Subscribers];
        matches.Clear();
        return found;
    }

    private static ref SubscriberSet<T> SetOf(FilterNode<T> node, string filter) =>
        ref filter.EndsWith('#') ? ref node.Below : ref node.Here;

    private FilterNode<T>? Find(string filter)
    {
        var node = _root;
        foreach (var range in filter.AsSpan().Split(TopicSyntax.Separator))
        {
            var level = filter.AsSpan()[range];
            node = level is TopicSyntax.AllBelow ? node : node?.FindFilter(level);
        }

        return node;
    }

    private static void Collect(FilterNode<T> node, ReadOnlySpan<char> rest, bool wildcards, Matches<T> matches)
    {
        var end = rest.IndexOf(TopicSyntax.Separator);
        if (wildcards)
        {
            matches.Add(node.Below.Snapshot());
            Descend(node.AnyLevel, rest, end, matches);
        }

        Descend(node.Find(end < 0 ? rest : rest[..end]), rest, end, matches);
    }

    private static void Descend(FilterNode<T>? child, ReadOnlySpan<char> rest, int end, Matches<T> matches)
    {
        if (child is null)
        {
            return;
        }

        if (end >= 0)
        {
            Collect(child, rest[(end + 1)..], wildcards: true, matches);
            return;
        }

        // The topic ends here, and "#" stands for the level above it too.
        matches.Add(child.Here.Snapshot());
        matches.Add(child.Below.Snapshot());
    }

    private static void Prune(FilterNode<T> node)
    {
        for (var empty = node; empty is { IsEmpty: true, Parent: { } parent }; empty = parent)
        {
            parent.Remove(empty);
        }
    }
}
