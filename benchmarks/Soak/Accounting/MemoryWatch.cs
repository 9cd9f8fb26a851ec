using Bedrock.Ghms.Soak.Load;

namespace Bedrock.Ghms.Soak.Accounting;

/// <summary>Watches what this process, which is that of the clients, holds.</summary>
internal sealed class MemoryWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly Task _watching;

    public MemoryWatch(IReadOnlyList<LoadClient> clients)
    {
        _watching = WatchAsync(clients);
    }

    /// <summary>The most that has been on the managed heap, garbage included, in bytes.</summary>
    public long PeakHeap { get; private set; }

    /// <summary>The most that has waited to be sent on one connection, in bytes.</summary>
    public long PeakPending { get; private set; }

    /// <summary>What is on the managed heap when all garbage is gone, in bytes.</summary>
    public static long HeapNow()
    {
        // Twice, for what only a finalizer lets go of.
        for (var i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
    }

    private async Task WatchAsync(IReadOnlyList<LoadClient> clients)
    {
        while (true)
        {
            PeakHeap = Math.Max(PeakHeap, GC.GetTotalMemory(forceFullCollection: false));
            PeakPending = Math.Max(PeakPending, clients.Max(client => client.PendingBytes));
            await Task.Delay(20, _over.Token);
        }
    }
}
