namespace Bedrock.Ghms.Throughput.Load;

/// <param name="Connections">How many connections echo, request and one-way use.</param>
/// <param name="InFlight">How many messages each of them has under way.</param>
/// <param name="Subscribers">How many connections a fan-out reaches, besides the publisher's own.</param>
/// <param name="Window">How many announcements are under way at most, judged by the slowest connection.</param>
/// <param name="Idle">How many connections do nothing.</param>
/// <param name="Many">How many connections growth goes up to.</param>
internal sealed record LoadOptions(int Connections, int InFlight, int Subscribers, int Window, int Idle, int Many);
