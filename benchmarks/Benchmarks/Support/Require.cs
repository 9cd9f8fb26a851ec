namespace Bedrock.Ghms.Benchmarks.Support;

/// <summary>Keeps a benchmark from measuring the wrong thing: what it does is checked before the clock runs.</summary>
internal static class Require
{
    public static void That(bool isRight, string what)
    {
        if (!isRight)
        {
            throw new InvalidOperationException($"It does not do its work: {what}.");
        }
    }
}
