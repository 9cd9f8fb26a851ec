using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker;

/// <summary>How much may wait for one connection, and when its consumer counts as too slow.</summary>
/// <remarks>What waits is counted in bytes plus <see cref="FrameCharge"/> for each message, so that tiny messages cannot hide.</remarks>
public sealed class OutboundOptions
{
    /// <summary>What a waiting message costs beside its bytes: 64.</summary>
    public const int FrameCharge = 64;

    private const long DefaultHardLimit = 8_388_608;
    private const long LeastBatchRoom = 65_536;

    private long? _hardLimit;

    /// <summary>From here on senders wait, as soon as half of the recipients are over it. In bytes; default 1,048,576.</summary>
    public long SoftLimit { get; set; } = 1_048_576;

    /// <summary>As much as ever waits; a consumer that would need more is disconnected with 1008. In bytes.</summary>
    /// <value>Default 8,388,608, or as much more as it takes for one message of the largest size behind <see cref="SoftLimit"/>:
    /// a consumer that keeps up is not disconnected for a message's size.</value>
    public long HardLimit
    {
        get => _hardLimit ?? DefaultHardLimit;
        set => _hardLimit = value;
    }

    /// <summary>How long a connection may stay over <see cref="SoftLimit"/> before it is disconnected with 1008. Default 10 seconds.</summary>
    public TimeSpan SoftLimitTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether a send to many waits until every recipient is below <see cref="SoftLimit"/>, rather than most of them: nobody falls
    /// behind, and the slowest sets the pace for all. Default no.
    /// </summary>
    public bool PaceBySlowest { get; set; }

    /// <summary>As much as may be held back for a connection to be sent together: nobody who has room before that may then be at the hard limit.</summary>
    internal long BatchRoom => Math.Min(BroadcastBatch.MaxCost, Math.Min(SoftLimit, HardLimit - SoftLimit));

    /// <summary>Whether that is worth the while. Where little may wait, everything is sent at once.</summary>
    internal bool HasBatchRoom => BatchRoom >= LeastBatchRoom;

    internal long HardLimitFor(int maxMessageSize) =>
        _hardLimit ?? Math.Max(DefaultHardLimit, SoftLimit + FrameHeader.Size + maxMessageSize + FrameCharge);
}
