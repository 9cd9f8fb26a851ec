using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms;

/// <summary>Thrown by a subscription that the server refused.</summary>
/// <param name="filter">The filter.</param>
/// <param name="outcome">What the server said.</param>
public sealed class GhmsSubscriptionException(string filter, SubscriptionOutcome outcome)
    : GhmsException(GhmsError.SubscriptionRefused, $"The server refused the subscription to '{PeerText.Escape(filter)}': {outcome}.")
{
    /// <summary>The filter.</summary>
    public string Filter { get; } = filter;

    /// <summary>What the server said; a later version of the protocol may have values without a name here.</summary>
    public SubscriptionOutcome Outcome { get; } = outcome;
}
