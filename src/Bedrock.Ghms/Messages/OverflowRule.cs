namespace Bedrock.Ghms.Messages;

/// <summary>That messages of one type may be dropped where a consumer is too slow for them, and how. Without one they never are.</summary>
/// <param name="type">The message type.</param>
/// <param name="policy">Which messages go.</param>
/// <param name="key">What a message says the latest about; for <see cref="OverflowPolicy.Conflate"/> alone.</param>
internal sealed class OverflowRule(Type type, OverflowPolicy policy, Func<object, object>? key = null)
{
    public Type Type { get; } = type;

    public OverflowPolicy Policy { get; } = policy;

    /// <summary>What a message, or the one it carries, is about.</summary>
    /// <exception cref="InvalidOperationException">The application's function returned <see langword="null"/>.</exception>
    public object? KeyOf(object message)
    {
        if (key is null)
        {
            return null;
        }

        return message is IMessageCarrier carrier ? (carrier.Scope, Required(key(carrier.Message))) : Required(key(message));
    }

    private object Required(object? found) => found ?? throw new InvalidOperationException($"The key of a {Type} is null.");
}
