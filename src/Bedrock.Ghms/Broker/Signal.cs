namespace Bedrock.Ghms.Broker;

/// <summary>Something that happens once and may be waited for: no more than a field until somebody waits, as for most connections nobody does.</summary>
/// <remarks>Safe for concurrent use where it stands; a copy is another signal.</remarks>
internal struct Signal
{
    private static readonly TaskCompletionSource Happened = MakeHappened();

    private TaskCompletionSource? _source;

    public bool IsSet => ReferenceEquals(Volatile.Read(ref _source), Happened);

    /// <summary>Completes once it has happened; who waits goes on elsewhere.</summary>
    public Task Task => (Volatile.Read(ref _source) ?? MakeSource()).Task;

    /// <summary>A second call changes nothing.</summary>
    public void Set() => Interlocked.Exchange(ref _source, Happened)?.TrySetResult();

    private TaskCompletionSource MakeSource()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return Interlocked.CompareExchange(ref _source, source, null) ?? source;
    }

    private static TaskCompletionSource MakeHappened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
