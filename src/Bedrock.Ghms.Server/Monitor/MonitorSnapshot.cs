namespace Bedrock.Ghms.Server.Monitor;

/// <summary>What the brokers are doing at one moment.</summary>
/// <param name="At">When.</param>
/// <param name="Brokers">The brokers, in the order added.</param>
internal sealed record MonitorSnapshot(DateTimeOffset At, IReadOnlyList<BrokerSnapshot> Brokers);
