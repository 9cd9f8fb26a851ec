using System.Collections.Immutable;

namespace Bedrock.Ghms.Broker.Patterns;

/// <summary>Messages with equal keys go to the same candidate, by rendezvous hashing: when a connection leaves, only its own keys move.</summary>
/// <param name="keyOf">The key of a message; equal keys have equal hash codes. Called concurrently.</param>
public sealed class KeyHashPattern(Func<object, object> keyOf) : IDistributionPattern
{
    private readonly Func<object, object> _keyOf = keyOf ?? throw new ArgumentNullException(nameof(keyOf));

    /// <inheritdoc/>
    public Recipients Choose(object message, ImmutableArray<GhmsConnection> candidates)
    {
        var key = (ulong)(uint)_keyOf(message).GetHashCode() << 32;
        GhmsConnection? best = null;
        var highest = 0UL;
        foreach (var candidate in candidates)
        {
            var weight = Mix(key | candidate.Number);
            if (candidate.IsOpen && (best is null || weight > highest))
            {
                (best, highest) = (candidate, weight);
            }
        }

        return best is null ? Recipients.Exactly([]) : Recipients.Exactly(best);
    }

    // The finalizer of SplitMix64: every input bit reaches every output bit.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
