using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Broker;

/// <summary>The connections of a broker, read as an immutable snapshot that is made anew only after a change.</summary>
internal sealed class ConnectionSet
{
    private readonly Lock _sync = new();
    private readonly List<GhmsConnection> _connections = [];
    private GhmsConnection[]? _snapshot = [];

    public int Count
    {
        get
        {
            lock (_sync)
            {
                return _connections.Count;
            }
        }
    }

    public ImmutableArray<GhmsConnection> Snapshot =>
        ImmutableCollectionsMarshal.AsImmutableArray(Volatile.Read(ref _snapshot) ?? MakeSnapshot());

    public void Add(GhmsConnection connection)
    {
        lock (_sync)
        {
            connection.Index = _connections.Count;
            _connections.Add(connection);
            Volatile.Write(ref _snapshot, null);
        }
    }

    public void Remove(GhmsConnection connection)
    {
        lock (_sync)
        {
            if (connection.Index < 0)
            {
                return;
            }

            // The last one takes the leaver's place: leaving costs the same among ten and ten thousand.
            var last = _connections[^1];
            _connections[connection.Index] = last;
            last.Index = connection.Index;
            connection.Index = -1;
            _connections.RemoveAt(_connections.Count - 1);
            Volatile.Write(ref _snapshot, null);
        }
    }

    private GhmsConnection[] MakeSnapshot()
    {
        lock (_sync)
        {
            return _snapshot ??= [.. _connections];
        }
    }
}
