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

    /// <summary>This side has ended it for good, or every further attempt would fail in the same way.</summary>
    Final,
}
