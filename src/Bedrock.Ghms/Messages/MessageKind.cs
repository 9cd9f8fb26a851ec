namespace Bedrock.Ghms.Messages;

/// <summary>What a message code stands for, and so which codes it may use and when it is dispatched.</summary>
public enum MessageKind
{
    /// <summary>A message of the application: codes 2 to 0xFFFFFEFF, dispatched in the order received, one at a time.</summary>
    Application,

    /// <summary>A message of an extension that claims its code from 0xFFFFFF00 up; dispatched as <see cref="Application"/> is.</summary>
    Extension,

    /// <summary>A message of an extension that is dispatched at once, also while a handler is pending, such as an answer to a request.
    /// Its handler must not wait for other messages.</summary>
    ImmediateExtension,
}
