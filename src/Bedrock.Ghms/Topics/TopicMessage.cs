namespace Bedrock.Ghms.Topics;

/// <summary>A message with the topic that it was published to.</summary>
/// <typeparam name="T">The message type.</typeparam>
/// <param name="Topic">The topic. It is a peer's text: escape it before you log it.</param>
/// <param name="Message">The message.</param>
public readonly record struct TopicMessage<T>(string Topic, T Message);
