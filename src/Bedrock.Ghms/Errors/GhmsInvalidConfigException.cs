namespace Bedrock.Ghms;

/// <summary>Thrown at start when the configuration breaks at least one rule; each broken rule is listed.</summary>
/// <param name="failures">The broken rules.</param>
public sealed class GhmsInvalidConfigException(params IReadOnlyList<string> failures)
    : GhmsException(GhmsError.InvalidConfig, $"Invalid configuration: {string.Join(" ", failures)}")
{
    /// <summary>The broken rules, one text each.</summary>
    public IReadOnlyList<string> Failures { get; } = failures;
}
