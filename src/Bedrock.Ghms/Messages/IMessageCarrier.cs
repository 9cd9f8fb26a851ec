namespace Bedrock.Ghms.Messages;

/// <summary>
/// Implemented by an extension's message that carries one of the application's and is of no use without it. What the application
/// says about the carried type where a consumer is too slow (<c>DropNewest</c>, <c>DropOldest</c>, <c>Conflate</c>) then holds for it too.
/// </summary>
public interface IMessageCarrier
{
    /// <summary>The code of the message that is carried.</summary>
    uint Code { get; }

    /// <summary>The message that is carried. Asked for only where its key is needed, by <c>Conflate</c>.</summary>
    /// <exception cref="GhmsProtocolException">It cannot be decoded; nobody is sent it then.</exception>
    object Message { get; }

    /// <summary>What the message's key belongs to, such as a topic: messages with equal keys replace each other only within one scope.</summary>
    object Scope { get; }
}
