namespace Chat;

/// <summary>Why the chat is over, in a sentence for its user.</summary>
internal sealed class ChatException(string message) : Exception(message);
