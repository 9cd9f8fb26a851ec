namespace Bedrock.Ghms.Topics;

/// <summary>Handles one message that was published to a topic.</summary>
/// <typeparam name="T">The message type.</typeparam>
/// <param name="topic">What it was published to. It is a peer's text: escape it before you log it.</param>
/// <param name="message">The message.</param>
/// <param name="cancellationToken">Fires when the connection ends.</param>
public delegate ValueTask TopicHandler<in T>(string topic, T message, CancellationToken cancellationToken);
