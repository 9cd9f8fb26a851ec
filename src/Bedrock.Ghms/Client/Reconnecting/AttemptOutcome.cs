namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>What has come of an attempt; nothing at all if the server would have been shown again what it has refused.</summary>
/// <param name="Connected">The connection, if there is one.</param>
/// <param name="Failed">What has failed, if it has.</param>
internal readonly record struct AttemptOutcome(ServerConnection? Connected, FailedAttempt? Failed);
