namespace Bedrock.Ghms.Broker;

/// <summary>What a broker has counted since it was created.</summary>
/// <param name="Sent">Messages sent: one for each connection that accepted one. Heartbeats and Closes do not count.</param>
/// <param name="Received">Messages received and decoded. Heartbeats and Closes do not count.</param>
/// <param name="Dropped">Messages that were lost before they were written: accepted, and their connection ended; or of a type that may be dropped, for a
/// consumer that was too slow. One that was dropped at once is not among <paramref name="Sent"/>.</param>
/// <param name="Unhandled">Messages received for which there was no handler.</param>
public readonly record struct BrokerStats(long Sent, long Received, long Dropped, long Unhandled);
