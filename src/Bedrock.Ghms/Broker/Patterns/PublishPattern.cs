using System.Collections.Immutable;

namespace Bedrock.Ghms.Broker.Patterns;

/// <summary>Every candidate receives the message. The default.</summary>
public sealed class PublishPattern : IDistributionPattern
{
    /// <inheritdoc/>
    public Recipients Choose(object message, ImmutableArray<GhmsConnection> candidates) => Recipients.All;
}
