using System.Collections.Immutable;

namespace Bedrock.Ghms.Broker.Patterns;

/// <summary>The candidate with the fewest bytes waiting to be sent receives the message; among equals each has its turn.</summary>
public sealed class LeastPendingPattern : IDistributionPattern
{
    private uint _next = uint.MaxValue;

    /// <inheritdoc/>
    public Recipients Choose(object message, ImmutableArray<GhmsConnection> candidates)
    {
        var first = (int)(Interlocked.Increment(ref _next) % (uint)candidates.Length);
        GhmsConnection? best = null;
        var least = long.MaxValue;
        for (var i = 0; i < candidates.Length; i++)
        {
            var candidate = candidates[(first + i) % candidates.Length];
            var pending = candidate.PendingBytes;
            if (candidate.IsOpen && pending < least)
            {
                (best, least) = (candidate, pending);
            }
        }

        return best is null ? Recipients.Exactly([]) : Recipients.Exactly(best);
    }
}
