using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Counts the buffers of a size that matters which have been rented from array pools since it was made, and not given back.</summary>
internal sealed class RentedBuffers : EventListener
{
    private const int Rented = 1;
    private const int Returned = 3;
    private const int SizeThatMatters = 1_024;

    private readonly ConcurrentDictionary<int, int> _outstanding = [];

    /// <summary>Their sizes.</summary>
    public ICollection<int> Sizes => _outstanding.Values;

    /// <summary>How many there have been.</summary>
    public int Seen { get; private set; }

    protected override void OnEventSourceCreated(EventSource source)
    {
        if (source.Name == "System.Buffers.ArrayPoolEventSource")
        {
            EnableEvents(source, EventLevel.Verbose);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs data)
    {
        // Every payload begins with the buffer's identity and its size.
        if (data is { EventId: Rented, Payload: [int rented, int size, ..] } && size >= SizeThatMatters)
        {
            Seen++;
            _outstanding[rented] = size;
        }
        else if (data is { EventId: Returned, Payload: [int returned, ..] })
        {
            _outstanding.TryRemove(returned, out _);
        }
    }
}
