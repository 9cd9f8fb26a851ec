namespace Bedrock.Ghms.Messages;

/// <summary>A message type that names its own code, so that it is registered without repeating it.</summary>
public interface IMessage
{
    /// <summary>The code of this type, 2 to 0xFFFFFEFF; both sides of a connection use the same one.</summary>
    static abstract uint MessageCode { get; }
}
