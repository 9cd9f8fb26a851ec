using System.Collections.Immutable;

namespace Bedrock.Ghms.Broker.Patterns;

internal static class Candidates
{
    /// <summary>The first candidate from <paramref name="start"/> on, round the end, that has not ended; nobody when all have.</summary>
    public static Recipients FirstOpen(this ImmutableArray<GhmsConnection> candidates, int start)
    {
        for (var i = 0; i < candidates.Length; i++)
        {
            var candidate = candidates[(start + i) % candidates.Length];
            if (candidate.IsOpen)
            {
                return Recipients.Exactly(candidate);
            }
        }

        return Recipients.Exactly([]);
    }
}
