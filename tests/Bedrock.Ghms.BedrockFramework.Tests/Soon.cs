namespace Bedrock.Ghms.BedrockFramework.Tests;

/// <summary>Waits for what happens at once unless it never happens.</summary>
internal static class Soon
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static Task InTime(this Task task) => task.WaitAsync(Patience);

    public static Task<T> InTime<T>(this Task<T> task) => task.WaitAsync(Patience);

    public static Task<T> InTime<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Patience);
}
