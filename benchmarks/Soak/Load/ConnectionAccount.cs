using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Soak.Load;

/// <summary>What one connection of a client has accepted, and what has come back on it.</summary>
/// <param name="client">Whose connection it is.</param>
/// <param name="ordinal">Which of that client's.</param>
/// <param name="streams">How many streams a client has.</param>
internal sealed class ConnectionAccount(int client, int ordinal, int streams)
{
    private readonly long[] _accepted = new long[streams];
    private readonly Dictionary<(int Client, int Connection, int Stream), long> _next = [];

    public int Client { get; } = client;

    public int Ordinal { get; } = ordinal;

    /// <summary>How the connection ended.</summary>
    public ConnectionEnd? End { get; private set; }

    /// <summary>How many messages it has reported as lost before they were written.</summary>
    public long Dropped { get; private set; }

    /// <summary>How many of this client's own publications have come back on the connection that they were published on.</summary>
    public long Returned { get; private set; }

    /// <summary>What was wrong with publications that have arrived.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>Whether it ended in a way that takes along what was under way: any but a Close 1000 of this side.</summary>
    public bool IsEndReported => End is { } end && end is not { Cause: ConnectionEndCause.ClosedHere, Status: CloseStatus.Normal };

    /// <summary>How it ended, in a word or two.</summary>
    public string Ending => End is not { } end ? "open" : end.Status == CloseStatus.None ? $"{end.Cause}" : $"{end.Cause} {(int)end.Status}";

    public long AcceptedOf(int stream) => Volatile.Read(ref _accepted[stream]);

    /// <summary>The place of the next message of a stream. Its sender is the only one, and gives it back if the message is not accepted.</summary>
    public long TakePosition(int stream) => _accepted[stream]++;

    public void GiveBack(int stream) => _accepted[stream]--;

    /// <summary>Checks the place of a publication among those before it: none is missing, none comes twice, and none comes late.</summary>
    public void Receive(Numbered publication)
    {
        var source = (publication.Client, publication.Connection, publication.Stream);
        var isOwn = publication.Client == Client && publication.Connection == Ordinal;
        if (!_next.TryGetValue(source, out var expected))
        {
            // Subscriptions are restored before anything is published, so that nothing of one's own can be missed.
            expected = isOwn ? 0 : publication.Position;
        }

        if (publication.Position != expected || !publication.IsWhole())
        {
            Violations.Add($"client {Client}, connection {Ordinal}: publication {publication.Position} of {source} came where {expected} was due");
        }

        _next[source] = publication.Position + 1;
        Returned += isOwn ? 1 : 0;
    }

    /// <summary>Takes down how it ended; nothing is received any more.</summary>
    public void Close(ConnectionEnd end, long dropped)
    {
        End = end;
        Dropped = dropped;
        _next.Clear();
        _next.TrimExcess();
    }
}
