namespace Bedrock.Ghms.Broker;

/// <summary>Which side ended a connection, and how.</summary>
public enum ConnectionEndCause
{
    /// <summary>This side sent a Close: the application asked for it, or a rule was broken.</summary>
    ClosedHere,

    /// <summary>The peer sent a Close.</summary>
    ClosedByPeer,

    /// <summary>The peer ended its side of the connection between two messages, without a Close.</summary>
    EndedByPeer,

    /// <summary>The transport failed.</summary>
    Lost,
}
