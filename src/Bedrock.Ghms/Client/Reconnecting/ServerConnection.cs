using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>A connection, and how it was come by.</summary>
/// <param name="Server">Which server it is to.</param>
/// <param name="Fields">The header fields that the server has accepted.</param>
/// <param name="Connection">The connection.</param>
/// <param name="UpgradedAt">A timestamp of the client's clock.</param>
internal sealed record ServerConnection(
    Candidate Server, IReadOnlyList<KeyValuePair<string, string>> Fields, GhmsConnection Connection, long UpgradedAt);
