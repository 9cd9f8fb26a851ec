namespace Bedrock.Ghms.Topics;

/// <summary>What a server says to a subscription (section 6 of the protocol).</summary>
public enum SubscriptionOutcome
{
    /// <summary>It is done.</summary>
    Done = 0,

    /// <summary>The filter is none, or longer than the server allows.</summary>
    BadFilter = 1,

    /// <summary>This connection may not subscribe to it.</summary>
    NotAllowed = 2,

    /// <summary>The connection has as many filters as it may have.</summary>
    TooMany = 3,
}
