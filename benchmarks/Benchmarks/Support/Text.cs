namespace Bedrock.Ghms.Benchmarks.Support;

/// <summary>A message of one required string, the shape that most benchmarks use; its formatter needs it public.</summary>
public sealed class Text
{
    public required string Word { get; set; }
}
