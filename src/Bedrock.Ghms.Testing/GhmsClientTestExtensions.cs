using Bedrock.Ghms.Client;

namespace Bedrock.Ghms.Testing;

/// <summary>What tests wait for.</summary>
public static class GhmsClientTestExtensions
{
    /// <summary>Completes when the client is in <paramref name="state"/>, at once if it is; it may have gone on by the time that the caller does.</summary>
    /// <remarks>A client that is <see cref="GhmsClientState.Waiting"/> has set its timer: a <see cref="TimeProvider"/> of the test's that is advanced far enough, by
    /// <see cref="GhmsReconnectOptions.MaxDelay"/> in any case, makes it try again.</remarks>
    /// <param name="client">The client.</param>
    /// <param name="state">The state to wait for.</param>
    /// <param name="cancellationToken">Ends the wait; without one a test may hang that should fail.</param>
    public static async Task WaitForStateAsync(this GhmsClient client, GhmsClientState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.StateChanged += OnStateChanged;
        try
        {
            if (client.State != state)
            {
                await reached.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            client.StateChanged -= OnStateChanged;
        }

        void OnStateChanged(object? sender, GhmsClientStateChange change)
        {
            if (change.New == state)
            {
                reached.TrySetResult();
            }
        }
    }
}
