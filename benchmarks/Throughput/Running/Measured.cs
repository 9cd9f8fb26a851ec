namespace Bedrock.Ghms.Throughput.Running;

/// <summary>The rounds of one kind at one work; those of two kinds with the same index ran side by side.</summary>
internal sealed record Measured(Work Work, string Kind, IReadOnlyList<Round> Rounds);
