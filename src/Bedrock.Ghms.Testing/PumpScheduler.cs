using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace Bedrock.Ghms.Testing;

/// <summary>Keeps the continuations of pipes until a test runs them, on the test's own thread.</summary>
/// <remarks>Only what pipes schedule passes through here: handlers that await something else go on where that completes.</remarks>
public sealed class PumpScheduler : PipeScheduler
{
    private readonly ConcurrentQueue<(Action<object?> Action, object? State)> _waiting = new();

    /// <summary>How many continuations wait.</summary>
    public int Count => _waiting.Count;

    /// <inheritdoc/>
    public override void Schedule(Action<object?> action, object? state) => _waiting.Enqueue((action, state));

    /// <summary>Runs the oldest continuation.</summary>
    /// <returns>Whether there was one.</returns>
    public bool RunOne()
    {
        if (!_waiting.TryDequeue(out var next))
        {
            return false;
        }

        next.Action(next.State);
        return true;
    }

    /// <summary>Runs continuations, and those they cause, until none is left.</summary>
    /// <returns>How many ran.</returns>
    public int RunUntilIdle()
    {
        var count = 0;
        while (RunOne())
        {
            count++;
        }

        return count;
    }
}
