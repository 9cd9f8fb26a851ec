namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>What became of a frame that was handed to a connection.</summary>
internal enum SendOutcome
{
    /// <summary>It has its place in the connection's bounded room.</summary>
    Accepted,

    /// <summary>The connection is over its soft limit, or the frame does not fit under the hard one: the sender should wait.</summary>
    NoRoomYet,

    /// <summary>The connection is at its hard limit: its consumer is too slow.</summary>
    OverHardLimit,

    /// <summary>There was no room, and the message is of a type that is dropped then.</summary>
    Dropped,

    /// <summary>The connection has ended, or is about to.</summary>
    Closed,
}
