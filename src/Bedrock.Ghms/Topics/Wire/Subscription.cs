namespace Bedrock.Ghms.Topics.Wire;

/// <summary>A peer asks to subscribe or to unsubscribe.</summary>
/// <param name="Action">Which of the two.</param>
/// <param name="Filter">The bytes of the filter, which need not be a valid one: the result repeats them.</param>
internal sealed record Subscription(SubscriptionAction Action, byte[] Filter);
