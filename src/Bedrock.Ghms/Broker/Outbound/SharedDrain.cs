namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>
/// Sends, on one thread of the pool, what was queued for many connections: for each of them everything that has gathered since its
/// last turn. An application that publishes one message after the other is so ahead of the flushes, and the messages share them.
/// </summary>
internal sealed class SharedDrain : IThreadPoolWorkItem
{
    /// <summary>From so many recipients on a thread's hop costs less than their flushes.</summary>
    public const int LeastRecipients = 16;

    private readonly Lock _sync = new();
    private List<OutboundPipe> _waiting = [];
    private List<OutboundPipe> _draining = [];
    private bool _isScheduled;

    /// <summary>Adds an output in whose queue something waits and that is not here already.</summary>
    public void Add(OutboundPipe output)
    {
        lock (_sync)
        {
            _waiting.Add(output);
            if (_isScheduled)
            {
                return;
            }

            _isScheduled = true;
        }

        Schedule();
    }

    void IThreadPoolWorkItem.Execute()
    {
        lock (_sync)
        {
            (_waiting, _draining) = (_draining, _waiting);
        }

        foreach (var output in _draining)
        {
            output.DrainShared();
        }

        _draining.Clear();
        lock (_sync)
        {
            _isScheduled = _waiting.Count > 0;
            if (!_isScheduled)
            {
                return;
            }
        }

        Schedule();
    }

    // Anew for each turn, so that others get theirs.
    private void Schedule() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
}
