using System.Collections.Immutable;

namespace Bedrock.Ghms.Broker.Patterns;

/// <summary>One candidate, drawn evenly, receives the message.</summary>
/// <param name="random">Where the draws come from, which must be safe for concurrent use; <see cref="Random.Shared"/> by default.</param>
public sealed class RandomPattern(Random? random = null) : IDistributionPattern
{
    private readonly Random _random = random ?? Random.Shared;

    /// <inheritdoc/>
    public Recipients Choose(object message, ImmutableArray<GhmsConnection> candidates) =>
        candidates.FirstOpen(_random.Next(candidates.Length));
}
