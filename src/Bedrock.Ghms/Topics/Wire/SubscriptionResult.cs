namespace Bedrock.Ghms.Topics.Wire;

/// <summary>The answer to a <see cref="Subscription"/>.</summary>
/// <param name="Outcome">How it went; from a peer it may be a value of no name.</param>
/// <param name="Action">What was asked for.</param>
/// <param name="Filter">The bytes of the filter, as they came.</param>
internal sealed record SubscriptionResult(SubscriptionOutcome Outcome, SubscriptionAction Action, byte[] Filter);
