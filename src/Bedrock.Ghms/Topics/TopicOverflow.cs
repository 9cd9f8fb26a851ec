namespace Bedrock.Ghms.Topics;

/// <summary>What happens to a publication when the buffer of an enumerated subscription is full.</summary>
public enum TopicOverflow
{
    /// <summary>The oldest buffered message makes room, and is counted: for state, where only the latest is of interest.</summary>
    DropOldest,

    /// <summary>The new message is dropped, and counted.</summary>
    DropNewest,

    /// <summary>Nothing is dropped: the connection waits for the reader, with everything that arrives on it, and after a while the server
    /// disconnects it as too slow. For a connection that is there for this subscription alone.</summary>
    Wait,
}
