namespace Bedrock.Ghms.Topics;

/// <summary>What the topics of a broker have counted since it started, and hold now.</summary>
public readonly record struct TopicStats
{
    /// <summary>Publications of peers that <see cref="GhmsTopicOptions.CanPublish"/> denied.</summary>
    public long Denied { get; init; }

    /// <summary>Publications not delivered to a subscriber that is connected: one for each subscriber. The message could not be put into its
    /// encoding, was too big for it, or found no room in time. Also results of subscriptions that were too big.</summary>
    public long Undelivered { get; init; }

    /// <summary>Publications received that could not be decoded and were dropped.</summary>
    public long Undecodable { get; init; }

    /// <summary>Messages that the buffer of an enumerated subscription had no room for.</summary>
    public long Overflowed { get; init; }

    /// <summary>Publications whose value could not be retained because there was no room.</summary>
    public long NotRetained { get; init; }

    /// <summary>How many topics retain a value now.</summary>
    public int Retained { get; init; }

    /// <summary>How many bytes the payloads of the retained values have now.</summary>
    public long RetainedBytes { get; init; }
}
