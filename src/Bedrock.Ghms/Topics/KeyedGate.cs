namespace Bedrock.Ghms.Topics;

/// <summary>Lets in one at a time for each key, in order of arrival, and those of different keys beside each other. Safe for concurrent use.</summary>
/// <remarks>A key costs memory only while somebody is inside. The gate may be held across an await.</remarks>
internal sealed class KeyedGate
{
    // The key is there while somebody is inside; the queue, while others wait.
    private readonly Dictionary<string, Queue<TaskCompletionSource>?> _inside = new(StringComparer.Ordinal);

    /// <summary>Enters, perhaps after a wait. Whoever is in calls <see cref="Exit"/> once.</summary>
    /// <exception cref="OperationCanceledException">The token fired first.</exception>
    public Task EnterAsync(string key, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource waiting;
        lock (_inside)
        {
            if (_inside.TryAdd(key, null))
            {
                return Task.CompletedTask;
            }

            waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_inside[key] ??= new Queue<TaskCompletionSource>()).Enqueue(waiting);
        }

        return cancellationToken.CanBeCanceled ? WaitAsync(waiting, cancellationToken) : waiting.Task;
    }

    public void Exit(string key)
    {
        lock (_inside)
        {
            // Whoever has given up waiting is passed over.
            while (_inside[key]?.TryDequeue(out var next) == true)
            {
                if (next.TrySetResult())
                {
                    return;
                }
            }

            _inside.Remove(key);
        }
    }

    private static async Task WaitAsync(TaskCompletionSource waiting, CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister((waiting, token) => ((TaskCompletionSource)waiting!).TrySetCanceled(token), waiting))
        {
            await waiting.Task.ConfigureAwait(false);
        }
    }
}
