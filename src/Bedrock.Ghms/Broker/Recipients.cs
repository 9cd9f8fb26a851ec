using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Broker;

/// <summary>Whom a message is sent to: everyone, a set that the distribution pattern chooses from, or exactly a set.</summary>
/// <remarks>An empty set is not everyone: a message for nobody goes to nobody.</remarks>
public readonly struct Recipients
{
    // null: everyone; a connection: it alone; else a collection.
    private readonly object? _set;

    private Recipients(object? set, bool exact, bool distinct = false)
    {
        _set = set;
        IsExact = exact;
        IsDistinct = distinct;
    }

    /// <summary>Every connection of the broker; the default value.</summary>
    public static Recipients All => default;

    /// <summary>Whether this stands for every connection of the broker.</summary>
    public bool IsAll => _set is null;

    /// <summary>Whether a pipe has fixed the set, so that the distribution pattern is not asked.</summary>
    public bool IsExact { get; }

    /// <summary>Whether the set is an array that holds nobody twice.</summary>
    internal bool IsDistinct { get; }

    /// <summary>The connection, where this was made of one and not of a set: always so for what a client sends, asks and publishes. Its
    /// <see cref="GhmsConnection.End"/> tells what may have become of the messages that it has accepted.</summary>
    public GhmsConnection? Connection => _set as GhmsConnection;

    internal IReadOnlyCollection<GhmsConnection>? Many => _set as IReadOnlyCollection<GhmsConnection>;

    /// <summary>One connection, for the distribution pattern to choose from.</summary>
    public static Recipients Of(GhmsConnection connection) =>
        new(connection ?? throw new ArgumentNullException(nameof(connection)), exact: false);

    /// <summary>A set of connections, for the distribution pattern to choose from; it must not change while it is used.</summary>
    public static Recipients Of(IReadOnlyCollection<GhmsConnection> connections) =>
        new(connections ?? throw new ArgumentNullException(nameof(connections)), exact: false);

    /// <summary>One connection, whatever the distribution pattern.</summary>
    public static Recipients Exactly(GhmsConnection connection) =>
        new(connection ?? throw new ArgumentNullException(nameof(connection)), exact: true);

    /// <summary>A set of connections, whatever the distribution pattern; it must not change while it is used.</summary>
    public static Recipients Exactly(IReadOnlyCollection<GhmsConnection> connections) =>
        new(connections ?? throw new ArgumentNullException(nameof(connections)), exact: true);

    /// <summary>A set of connections, whatever the distribution pattern, that is used as it is: nobody may be in it twice.</summary>
    public static Recipients ExactlyEach(ImmutableArray<GhmsConnection> connections) =>
        new(ImmutableCollectionsMarshal.AsArray(connections) ?? [], exact: true, distinct: true);
}
