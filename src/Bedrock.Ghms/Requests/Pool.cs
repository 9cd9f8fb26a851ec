using System.Collections.Concurrent;

namespace Bedrock.Ghms.Requests;

/// <summary>Keeps a bounded number of objects for their next use. Safe for concurrent use.</summary>
internal sealed class Pool<T>(Func<T> make)
    where T : class
{
    private const int Capacity = 1_024;

    private readonly ConcurrentQueue<T> _items = new();
    private T? _last;
    private int _count;

    public T Rent()
    {
        // One at a time is the common case, and needs no queue.
        if (Volatile.Read(ref _last) is { } last && Interlocked.CompareExchange(ref _last, null, last) == last)
        {
            return last;
        }

        if (_items.TryDequeue(out var item))
        {
            Interlocked.Decrement(ref _count);
            return item;
        }

        return make();
    }

    public void Return(T item)
    {
        if (Volatile.Read(ref _last) is null && Interlocked.CompareExchange(ref _last, item, null) is null)
        {
            return;
        }

        if (Interlocked.Increment(ref _count) <= Capacity)
        {
            _items.Enqueue(item);
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
