namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>Sorts of failure that are followed in different ways.</summary>
internal enum RetryKind
{
    /// <summary>The server was not there, was busy, or was lost.</summary>
    Failed,

    /// <summary>The server refuses these credentials.</summary>
    Refused,

    /// <summary>The server has ended, by its policy, a connection that had worked.</summary>
    TurnedOut,

    /// <summary>What was asked for cannot be done, such as a header field that cannot be sent. Where it never could, every further attempt fails in the same way.</summary>
    Impossible,

    /// <summary>This side has ended it for good.</summary>
    Final,
}
