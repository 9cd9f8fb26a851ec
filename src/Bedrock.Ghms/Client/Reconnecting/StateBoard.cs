namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>What a client is doing, and who wants to know. Safe for concurrent use.</summary>
/// <param name="tell">Is told of every change, one at a time and in order; must not fail.</param>
internal sealed class StateBoard(Action<GhmsClientStateChange> tell)
{
    private readonly Lock _sync = new();
    private readonly Queue<GhmsClientStateChange> _changes = [];
    private TaskCompletionSource _connected = MakeSource();
    private int _state = (int)GhmsClientState.Disconnected;
    private bool _isTelling;

    public GhmsClientState State => (GhmsClientState)Volatile.Read(ref _state);

    /// <summary>Goes on to <paramref name="state"/>. A closed client stays closed.</summary>
    public void Set(GhmsClientState state, Exception? cause = null)
    {
        lock (_sync)
        {
            if (State == state || State == GhmsClientState.Closed)
            {
                return;
            }

            _changes.Enqueue(new GhmsClientStateChange(State, state, cause));
            Volatile.Write(ref _state, (int)state);
            AnswerWaiting(state, cause);
            if (_isTelling)
            {
                return;
            }

            _isTelling = true;
        }

        while (TakeChange() is { } change)
        {
            tell(change);
        }
    }

    /// <summary>Completes when the client is connected.</summary>
    /// <exception cref="GhmsConnectionClosedException">It is closed, or gives up meanwhile.</exception>
    public Task WaitForConnectedAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
        {
            return _connected.Task.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource MakeSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void AnswerWaiting(GhmsClientState state, Exception? cause)
    {
        switch (state)
        {
            case GhmsClientState.Connected:
                _connected.TrySetResult();
                return;
            case GhmsClientState.Closed or GhmsClientState.Disconnected:
                _connected = _connected.Task.IsCompleted ? MakeSource() : _connected;
                _connected.TrySetException(new GhmsConnectionClosedException(
                    state == GhmsClientState.Closed ? "The client has been closed." : "The client has no connection and tries no more to make one.", cause));

                // Whether anybody waits is not known here.
                _ = _connected.Task.Exception;
                break;
        }

        if (_connected.Task.IsCompleted && state != GhmsClientState.Closed)
        {
            _connected = MakeSource();
        }
    }

    private GhmsClientStateChange? TakeChange()
    {
        lock (_sync)
        {
            _isTelling = _changes.TryDequeue(out var change);
            return change;
        }
    }
}
