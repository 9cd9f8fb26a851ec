using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Topics;

/// <summary>The settings of topics on a server. They are checked and copied when the broker starts; later changes have no effect.</summary>
public sealed class GhmsTopicOptions
{
    /// <summary>Whether a connection may subscribe to a filter; everyone to everything by default. A failure ends the connection with status 1011.</summary>
    /// <remarks>The filter is the peer's: it is valid, but may hold control characters. Asked in the connection's read loop, once for
    /// each filter that the connection has not subscribed to.</remarks>
    public Func<GhmsConnection, string, ValueTask<bool>>? CanSubscribe { get; set; }

    /// <summary>Whether a connection may publish a message of a code to a topic, or, with code 0, clear what the topic retains; everyone
    /// everything by default. A failure ends the connection with status 1011.</summary>
    /// <remarks>What is denied is dropped, counted and logged; its sender hears nothing, because the protocol has no answer. The message itself
    /// is relayed without being decoded.</remarks>
    public Func<GhmsConnection, string, uint, ValueTask<bool>>? CanPublish { get; set; }

    /// <summary>How many filters a connection may subscribe to. Default 1,000.</summary>
    public int MaxFilters { get; set; } = 1_000;

    /// <summary>The longest filter that is taken, in bytes, 1 to 255. Default 255.</summary>
    public int MaxFilterLength { get; set; } = Matching.TopicSyntax.MaxSize;

    /// <summary>Which topics retain the last value published to them, for those who subscribe later; none by default. Must be quick.</summary>
    public Func<string, bool>? Retains { get; set; }

    /// <summary>How many topics may retain a value; further ones get none, which is counted, and logged once. Default 10,000.</summary>
    public int MaxRetained { get; set; } = 10_000;

    /// <summary>How many bytes the payloads of retained values may have together. Default 16 MiB.</summary>
    public long MaxRetainedBytes { get; set; } = 16 * 1_024 * 1_024;

    /// <summary>Called with a filter that gets its first subscriber. Calls come one at a time, in order with those of <see cref="LastUnsubscribed"/>.</summary>
    public Action<string>? FirstSubscribed { get; set; }

    /// <summary>Called with a filter that has lost its last subscriber.</summary>
    public Action<string>? LastUnsubscribed { get; set; }

    /// <exception cref="GhmsInvalidConfigException">At least one rule is broken.</exception>
    internal GhmsTopicOptions CheckedCopy()
    {
        List<string> failures = [];
        Require(MaxFilters >= 1, $"MaxFilters must be at least 1; it is {MaxFilters}.");
        Require(
            MaxFilterLength is >= 1 and <= Matching.TopicSyntax.MaxSize,
            $"MaxFilterLength must be 1 to {Matching.TopicSyntax.MaxSize} bytes; it is {MaxFilterLength}.");
        Require(MaxRetained >= 1, $"MaxRetained must be at least 1; it is {MaxRetained}.");
        Require(MaxRetainedBytes >= 1, $"MaxRetainedBytes must be at least 1; it is {MaxRetainedBytes}.");
        return failures.Count == 0 ? (GhmsTopicOptions)MemberwiseClone() : throw new GhmsInvalidConfigException(failures);

        void Require(bool holds, string failure)
        {
            if (!holds)
            {
                failures.Add(failure);
            }
        }
    }
}
