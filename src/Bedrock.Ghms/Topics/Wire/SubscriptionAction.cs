namespace Bedrock.Ghms.Topics.Wire;

/// <summary>What a peer asks for with a filter.</summary>
internal enum SubscriptionAction : byte
{
    Subscribe = 1,
    Unsubscribe = 2,
}
