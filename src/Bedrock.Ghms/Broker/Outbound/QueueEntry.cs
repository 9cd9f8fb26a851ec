namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>By which limit a frame enters a connection's queue.</summary>
internal enum QueueEntry
{
    /// <summary>From under the soft limit up to the hard one; the sender waits until that is so.</summary>
    Patient,

    /// <summary>Up to the hard limit; beyond it the consumer is too slow.</summary>
    Bounded,
}
