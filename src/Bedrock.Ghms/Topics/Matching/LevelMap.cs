namespace Bedrock.Ghms.Topics.Matching;

/// <summary>The children of a node in a tree of topic levels. Not safe for concurrent writes.</summary>
/// <remarks>Most nodes have one child or none, so the first one stands here and only a second one costs a dictionary.</remarks>
/// <typeparam name="TNode">A node.</typeparam>
internal struct LevelMap<TNode>
    where TNode : class
{
    private string? _level;
    private TNode? _only;
    private Dictionary<string, TNode>? _many;

    public readonly bool IsEmpty => _only is null && _many is null;

    public readonly TNode? Find(ReadOnlySpan<char> level) => _many is not null
        ? _many.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(level, out var found) ? found : null
        : _only is not null && level.SequenceEqual(_level) ? _only : null;

    /// <summary>Adds a child at a level that has none.</summary>
    public void Add(string level, TNode node)
    {
        if (IsEmpty)
        {
            (_level, _only) = (level, node);
            return;
        }

        if (_many is null)
        {
            _many = new Dictionary<string, TNode>(StringComparer.Ordinal) { [_level!] = _only! };
            (_level, _only) = (null, null);
        }

        _many.Add(level, node);
    }

    public void Remove(string level)
    {
        if (_many is null)
        {
            (_level, _only) = (null, null);
        }
        else if (_many.Remove(level) && _many.Count == 0)
        {
            _many = null;
        }
    }

    public readonly Enumerator GetEnumerator() => new(_only, _many);

    /// <summary>Goes through the nodes, in no particular order.</summary>
    public struct Enumerator(TNode? only, Dictionary<string, TNode>? many)
    {
        private TNode? _next = only;
        private Dictionary<string, TNode>.ValueCollection.Enumerator _rest = (many ?? Empty).Values.GetEnumerator();

        public TNode Current { get; private set; } = null!;

        private static Dictionary<string, TNode> Empty { get; } = [];

        public bool MoveNext()
        {
            if (_next is not null)
            {
                (Current, _next) = (_next, null);
                return true;
            }

            if (!_rest.MoveNext())
            {
                return false;
            }

            Current = _rest.Current;
            return true;
        }
    }
}
