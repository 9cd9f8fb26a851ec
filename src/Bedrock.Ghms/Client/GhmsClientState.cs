namespace Bedrock.Ghms.Client;

/// <summary>What a client is doing about its connection.</summary>
public enum GhmsClientState
{
    /// <summary>There is no connection and nobody makes one: before <see cref="GhmsClient.ConnectAsync"/>, after it has failed, or when
    /// the connection of a client that does not reconnect has ended.</summary>
    Disconnected,

    /// <summary>An attempt is under way.</summary>
    Connecting,

    /// <summary>There is a connection, with its subscriptions restored.</summary>
    Connected,

    /// <summary>An attempt has failed or the connection has ended, and it is not time for the next attempt yet.</summary>
    Waiting,

    /// <summary>The client has been closed, for good.</summary>
    Closed,
}
