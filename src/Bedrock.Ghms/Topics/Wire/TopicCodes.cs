namespace Bedrock.Ghms.Topics.Wire;

/// <summary>The codes of the topic extension (section 6).</summary>
internal static class TopicCodes
{
    public const uint Subscription = 0xFFFF_FF01;
    public const uint Publication = 0xFFFF_FF02;
    public const uint SubscriptionResult = 0xFFFF_FF03;
}
