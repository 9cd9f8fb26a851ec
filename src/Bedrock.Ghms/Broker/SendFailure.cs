namespace Bedrock.Ghms.Broker;

/// <summary>Why one connection did not accept a message that was sent to several.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Exception">What went wrong.</param>
public sealed record SendFailure(GhmsConnection Connection, Exception Exception);
