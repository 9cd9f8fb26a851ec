using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Topics.Listening;

/// <summary>A filter that a client has subscribed to. Changed by whoever holds the lock of its session.</summary>
internal sealed class FilterState
{
    /// <summary>Its subscriptions; at least one.</summary>
    public HashSet<TopicSubscription> Subscriptions { get; } = [];

    /// <summary>The newest connection on which the server has said that it is done, if it has not unsaid it since.</summary>
    public GhmsConnection? Confirmed { get; set; }

    /// <summary>Whether the server has it now.</summary>
    public bool IsActive => Confirmed is { IsOpen: true };
}
