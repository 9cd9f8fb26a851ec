using System.Collections.Immutable;

namespace Bedrock.Ghms.Broker.Patterns;

/// <summary>One candidate after the other receives a message.</summary>
public sealed class RoundRobinPattern : IDistributionPattern
{
    private uint _next = uint.MaxValue;

    /// <inheritdoc/>
    public Recipients Choose(object message, ImmutableArray<GhmsConnection> candidates)
    {
        var first = (int)(Interlocked.Increment(ref _next) % (uint)candidates.Length);
        return candidates.FirstOpen(first);
    }
}
