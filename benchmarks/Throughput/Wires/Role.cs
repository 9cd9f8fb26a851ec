namespace Bedrock.Ghms.Throughput.Wires;

/// <param name="Work">What the connection is for.</param>
/// <param name="Number">Which of the connections it is; 0 is the one that publishes.</param>
internal readonly record struct Role(Work Work, int Number);
