using Bedrock.Ghms.Settings;

namespace Bedrock.Ghms.Client;

/// <summary>How a client stays connected. The settings are checked and copied when the client is built; later changes have no effect.</summary>
/// <remarks>
/// A lost connection is made anew at once. When that fails too, each wait is drawn at random from zero to a bound that doubles from
/// <see cref="InitialDelay"/> to <see cref="MaxDelay"/>, so that many clients of one server do not come back all together.
/// </remarks>
public sealed class GhmsReconnectOptions
{
    /// <summary>The bound of the wait after the first failed attempt: 1 ms to <see cref="MaxDelay"/>. Default 250 milliseconds.</summary>
    public TimeSpan InitialDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The largest bound of a wait, at most 1 day. Default 30 seconds. Only a server that says when to come back can make a wait longer.</summary>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one attempt at one end point may take, from asking for header fields until the subscriptions there were are back: 10 ms to 1 hour. Default 15 seconds.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often in a row the client may fail, at all its end points, before it gives up. Unlimited by default. A connection
    /// that ends within 5 seconds counts as a failure.</summary>
    public int MaxAttempts { get; set; } = int.MaxValue;

    /// <summary>Whether several end points are tried in random order. By default the one added first is preferred.</summary>
    public bool ShuffleEndPoints { get; set; }

    /// <summary>How many sends, publications and requests may wait while there is no connection; more fail at once. Default 0: all fail at once.</summary>
    /// <remarks>They go out in the order in which they came, before whatever is sent later. Each waits for as long as the broker's time-out and its token let it.</remarks>
    public int MaxWaitingSends { get; set; }

    internal SettingSources Sources { get; } = new();

    internal GhmsReconnectOptions Copy() => (GhmsReconnectOptions)MemberwiseClone();

    /// <summary>The rules that are broken, each with its setting.</summary>
    internal IReadOnlyList<string> Check()
    {
        var failures = new List<string>(Sources.Failures);
        Require(
            InitialDelay >= TimeSpan.FromMilliseconds(1) && InitialDelay <= MaxDelay,
            nameof(InitialDelay),
            $"must be 1 ms to {Sources.NameOf(nameof(MaxDelay))} ({MaxDelay}); it is {InitialDelay}");
        Require(MaxDelay <= TimeSpan.FromDays(1), nameof(MaxDelay), $"must be at most 1 day; it is {MaxDelay}");
        Require(
            AttemptTimeout >= TimeSpan.FromMilliseconds(10) && AttemptTimeout <= TimeSpan.FromHours(1),
            nameof(AttemptTimeout),
            $"must be 10 ms to 1 hour; it is {AttemptTimeout}");
        Require(MaxAttempts >= 1, nameof(MaxAttempts), $"must be at least 1; it is {MaxAttempts}");
        Require(MaxWaitingSends >= 0, nameof(MaxWaitingSends), $"must be at least 0; it is {MaxWaitingSends}");
        return failures;

        void Require(bool holds, string setting, string rule)
        {
            if (!holds)
            {
                failures.Add($"{Sources.NameOf(setting)} {rule}.");
            }
        }
    }
}
