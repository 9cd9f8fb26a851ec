namespace Bedrock.Ghms.Soak;

/// <summary>What clients and server are configured with.</summary>
internal sealed record Terms
{
    /// <summary>The topic of a client's publications, and the filter that all of them are subscribed to.</summary>
    public const string Topic = "numbers/all";

    /// <summary>Both sides' silence before they give a connection up.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A client's time for one attempt to connect.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The bound of a client's wait between attempts.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>What may wait for a client's connection to be written before senders wait, in bytes.</summary>
    public long SoftLimit { get; init; } = 128 * 1_024;

    /// <summary>What may wait there at all.</summary>
    public long HardLimit { get; init; } = 256 * 1_024;

    /// <summary>How many clients there are.</summary>
    public int Clients { get; init; } = 4;

    /// <summary>How many messages a stream of one-way messages sends between two pauses.</summary>
    public int Burst { get; init; } = 20;

    /// <summary>The longest that it takes a client to be connected again once the server can be reached: it finds the old connection dead, waits, and connects.</summary>
    public TimeSpan RecoveryTime => (Timeout * 1.1) + MaxDelay + AttemptTimeout;
}
