namespace Bedrock.Ghms.Topics.Matching;

/// <summary>A level in the tree of topics that retain a value. Not safe for concurrent use.</summary>
/// <typeparam name="T">A value.</typeparam>
internal sealed class RetainedNode<T>(RetainedNode<T>? parent = null, string level = "")
    where T : class
{
    private LevelMap<RetainedNode<T>> _children;

    public RetainedNode<T>? Parent { get; } = parent;

    public string Level { get; } = level;

    /// <summary>The value of the topic that ends here.</summary>
    public T? Value { get; set; }

    /// <summary>How many bytes <see cref="Value"/> counts for.</summary>
    public int Size { get; set; }

    public bool IsEmpty => Value is null && _children.IsEmpty;

    public RetainedNode<T>? Find(ReadOnlySpan<char> level) => _children.Find(level);

    /// <summary>Adds a child at a level that has none.</summary>
    public RetainedNode<T> Grow(ReadOnlySpan<char> level)
    {
        var child = new RetainedNode<T>(this, level.ToString());
        _children.Add(child.Level, child);
        return child;
    }

    public void Remove(RetainedNode<T> child) => _children.Remove(child.Level);

    /// <summary>Goes through the children, in no particular order.</summary>
    public LevelMap<RetainedNode<T>>.Enumerator GetEnumerator() => _children.GetEnumerator();
}
