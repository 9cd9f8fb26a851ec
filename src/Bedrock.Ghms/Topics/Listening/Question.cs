namespace Bedrock.Ghms.Topics.Listening;

/// <summary>What a client has asked and the server has not answered yet.</summary>
/// <param name="subscription">What begins when the answer is that it is done; nothing where the question was to unsubscribe, or to restore what there is.</param>
internal sealed class Question(TopicSubscription? subscription)
{
    public TopicSubscription? Subscription => subscription;

    public TaskCompletionSource<SubscriptionOutcome> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
