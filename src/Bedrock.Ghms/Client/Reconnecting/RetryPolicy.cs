using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>Decides when a client tries again. Pure: what chance there is comes from outside.</summary>
internal static class RetryPolicy
{
    /// <summary>What to do about a failure.</summary>
    /// <param name="cause">What has failed.</param>
    /// <param name="failures">How many failures there were in a row, this one included; 0 when a connection ended that had worked.</param>
    /// <param name="options">The limits.</param>
    /// <param name="jitter">A random number from 0 to 1.</param>
    /// <returns><see langword="null"/> to give up.</returns>
    public static RetryPlan? Decide(RetryCause cause, int failures, GhmsReconnectOptions options, double jitter)
    {
        if (cause.Kind is RetryKind.Final or RetryKind.Impossible || failures >= options.MaxAttempts)
        {
            return null;
        }

        // Those who are told when to come back are many, as are those turned out: at once would be all at once.
        var isAtOnce = failures == 0 && cause is { Kind: RetryKind.Failed, RetryAfter: null };
        var backOff = isAtOnce ? TimeSpan.Zero : BackOff(Math.Max(1, failures), options, jitter);
        return new RetryPlan(backOff + HintOf(cause), cause.Kind == RetryKind.Refused ? options.MaxDelay : default);
    }

    /// <summary>The wait after so many failures.</summary>
    public static TimeSpan BackOff(int failures, GhmsReconnectOptions options, double jitter)
    {
        var bound = Math.Min(options.MaxDelay.TotalMilliseconds, options.InitialDelay.TotalMilliseconds * Math.Pow(2, failures - 1));
        return TimeSpan.FromMilliseconds(bound * jitter);
    }

    // The field of an HTTP response has room for years, and not only a GHMS server may have written it.
    private static TimeSpan HintOf(RetryCause cause) =>
        cause.RetryAfter is not { } hint ? TimeSpan.Zero : hint < CloseMessage.MaxRetryAfter ? hint : CloseMessage.MaxRetryAfter;
}
