namespace Bedrock.Ghms.Topics.Matching;

/// <summary>A level in the tree of filters. Changes need exclusive access.</summary>
/// <typeparam name="T">A subscriber.</typeparam>
internal sealed class FilterNode<T>(FilterNode<T>? parent = null, string level = "")
    where T : class
{
    private readonly string _level = level;
    private LevelMap<FilterNode<T>> _children;
    private SubscriberSet<T> _here;
    private SubscriberSet<T> _below;

    public FilterNode<T>? Parent { get; } = parent;

    /// <summary>The child at <c>+</c>.</summary>
    public FilterNode<T>? AnyLevel { get; private set; }

    public bool IsEmpty => _here.IsEmpty && _below.IsEmpty && _children.IsEmpty && AnyLevel is null;

    /// <summary>The subscribers of the filter that ends at this level.</summary>
    public ref SubscriberSet<T> Here => ref _here;

    /// <summary>The subscribers of the filter that has one more level: <c>#</c>.</summary>
    public ref SubscriberSet<T> Below => ref _below;

    /// <summary>The child at a level as a topic has it.</summary>
    public FilterNode<T>? Find(ReadOnlySpan<char> level) => _children.Find(level);

    /// <summary>The child at a level as a filter has it: <c>+</c> too.</summary>
    public FilterNode<T>? FindFilter(ReadOnlySpan<char> level) => level is TopicSyntax.AnyLevel ? AnyLevel : _children.Find(level);

    /// <summary>Adds a child at a level that has none.</summary>
    public FilterNode<T> Grow(ReadOnlySpan<char> level)
    {
        if (level is TopicSyntax.AnyLevel)
        {
            return AnyLevel = new FilterNode<T>(this, TopicSyntax.AnyLevel);
        }

        var child = new FilterNode<T>(this, level.ToString());
        _children.Add(child._level, child);
        return child;
    }

    public void Remove(FilterNode<T> child)
    {
        if (child == AnyLevel)
        {
            AnyLevel = null;
        }
        else
        {
            _children.Remove(child._level);
        }
    }
}
