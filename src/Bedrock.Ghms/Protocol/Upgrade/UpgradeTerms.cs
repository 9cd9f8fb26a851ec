namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>What one side tells the other of itself while upgrading; each is <see langword="null"/> if it was not sent.</summary>
/// <param name="Timeout"><c>GHMS-Timeout</c>: how long that side waits for bytes before it gives up, 100 ms to 1 h.</param>
/// <param name="MaxMessageSize"><c>GHMS-Max-Message-Size</c>: the largest payload in bytes that side accepts, at least 1.</param>
public readonly record struct UpgradeTerms(TimeSpan? Timeout, uint? MaxMessageSize)
{
    internal const int MinTimeout = 100;
    internal const int MaxTimeout = 3_600_000;

    /// <summary>The milliseconds to send for <paramref name="timeout"/>.</summary>
    /// <exception cref="ArgumentException">It is out of range or not a whole number of milliseconds.</exception>
    internal static int ToMilliseconds(TimeSpan timeout, string paramName)
    {
        var milliseconds = timeout.Ticks / TimeSpan.TicksPerMillisecond;
        return timeout.Ticks % TimeSpan.TicksPerMillisecond == 0 && milliseconds is >= MinTimeout and <= MaxTimeout
            ? (int)milliseconds
            : throw new ArgumentException("A time-out is a whole number of milliseconds from 100 ms to 1 h.", paramName);
    }

    /// <summary>Refuses a size that the protocol has no number for.</summary>
    /// <exception cref="ArgumentException">It is 0.</exception>
    internal static void CheckMaxMessageSize(uint size, string paramName)
    {
        if (size == 0)
        {
            throw new ArgumentException("The largest message is at least 1 byte.", paramName);
        }
    }
}
