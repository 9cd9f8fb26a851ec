namespace Bedrock.Ghms.Client;

/// <summary>A step of a client from one state to the next.</summary>
/// <param name="Old">What the client was doing.</param>
/// <param name="New">What it does now; <see cref="GhmsClient.State"/> may have gone on from there.</param>
/// <param name="Cause">What failed, if something did: the last attempt, or the connection, whose end is a <see cref="GhmsConnectionClosedException"/>.</param>
public sealed record GhmsClientStateChange(GhmsClientState Old, GhmsClientState New, Exception? Cause);
