namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>When to try a server again.</summary>
/// <param name="Wait">How long to wait first.</param>
/// <param name="HoldBack">For how long the credentials that it has refused are not shown to it again, if it has.</param>
internal readonly record struct RetryPlan(TimeSpan Wait, TimeSpan HoldBack = default);
