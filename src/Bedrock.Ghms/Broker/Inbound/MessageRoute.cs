using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker.Inbound;

/// <summary>Where received messages of one code go.</summary>
/// <param name="type">How they are decoded; <see langword="null"/> for those that are handed on as they are.</param>
/// <param name="handler">What takes them: the pipes, or the handler itself where there are none.</param>
internal sealed class MessageRoute(MessageType? type, MessageHandler handler)
{
    public MessageType? Type { get; } = type;

    public MessageHandler Handler { get; } = handler;

    /// <summary>Whether the application handles them, and not an extension.</summary>
    public bool IsApplication { get; } = type?.Kind == MessageKind.Application;

    /// <summary>Whether they are handled as they arrive, whatever else is pending.</summary>
    public bool IsImmediate { get; } = type?.Kind == MessageKind.ImmediateExtension;
}
