namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>An attempt that has failed.</summary>
/// <param name="Server">At which server.</param>
/// <param name="Fields">The header fields that were shown to it.</param>
/// <param name="Cause">What that means.</param>
/// <param name="Exception">What has failed.</param>
internal sealed record FailedAttempt(
    Candidate Server, IReadOnlyList<KeyValuePair<string, string>> Fields, RetryCause Cause, Exception Exception);
