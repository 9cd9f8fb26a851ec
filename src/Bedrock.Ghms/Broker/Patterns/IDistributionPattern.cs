using System.Collections.Immutable;

namespace Bedrock.Ghms.Broker.Patterns;

/// <summary>Chooses who receives a message. Asked after the last sender pipe, for sends whose recipients no pipe has fixed.</summary>
public interface IDistributionPattern
{
    /// <summary>Chooses among <paramref name="candidates"/>. Called concurrently by many senders.</summary>
    /// <param name="message">The message about to be sent.</param>
    /// <param name="candidates">An immutable snapshot, never empty; all connections, or those named by the sender.</param>
    /// <returns><see cref="Recipients.All"/> for every candidate, or <see cref="Recipients.Exactly(GhmsConnection)"/> for some of them.
    /// An empty set sends to nobody.</returns>
    Recipients Choose(object message, ImmutableArray<GhmsConnection> candidates);
}
