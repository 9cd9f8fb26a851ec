using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>Frames in the order in which they are sent. Some may be replaced where they stand, or taken out before their turn, which leaves a gap. Not safe for concurrent use.</summary>
/// <remarks>However many frames come and go while nothing is sent, the space stays in proportion to those that are here.</remarks>
internal sealed class FrameQueue
{
    private const int FirstCapacity = 4;

    private Entry[] _ring = new Entry[FirstCapacity];
    private int _head;
    private int _length;
    private int _gaps;

    // Numbers of frames that stand here.
    private Queue<long>? _expendable;
    private Dictionary<(OverflowRule Rule, object Key), long>? _latest;

    /// <summary>How many places there are, a power of two.</summary>
    public int Capacity => _ring.Length;

    /// <summary>How many frames stand here, and gaps.</summary>
    public int Length => _length;

    /// <summary>Adds a frame at the end.</summary>
    /// <param name="frame">The frame; the reference is the caller's to take.</param>
    /// <param name="number">Its number, higher than those before it.</param>
    /// <param name="rule">Whether it may be replaced or taken out again.</param>
    /// <param name="key">What a frame under a conflating rule says the latest about.</param>
    public void Enqueue(FrameBuffer frame, long number, OverflowRule? rule = null, object? key = null)
    {
        if (_length == _ring.Length)
        {
            Rearrange();
        }

        At(_length++) = new Entry(frame, number, rule, key);
        if (key is not null)
        {
            (_latest ??= [])[(rule!, key)] = number;
        }
        else if (rule?.Policy == OverflowPolicy.DropOldest)
        {
            (_expendable ??= []).Enqueue(number);
        }
    }

    /// <summary>Takes the frame at the front, or a gap.</summary>
    /// <param name="frame">The frame; <see langword="null"/> for a gap.</param>
    /// <param name="number">Its number.</param>
    /// <returns><see langword="false"/> when nothing is left.</returns>
    public bool TryDequeue(out FrameBuffer? frame, out long number)
    {
        if (_length == 0)
        {
            (frame, number) = (null, 0);
            return false;
        }

        ref var first = ref At(0);
        (frame, number) = (first.Frame, first.Number);
        if (frame is null)
        {
            _gaps--;
        }
        else if (first.Key is { } key)
        {
            _latest!.Remove((first.Rule!, key));
        }
        else if (first.Rule?.Policy == OverflowPolicy.DropOldest)
        {
            // The oldest there is.
            _expendable!.Dequeue();
        }

        first = default;
        _head = (_head + 1) & (_ring.Length - 1);
        _length--;
        return true;
    }

    /// <summary>Takes out the oldest frame that gives way to newer ones.</summary>
    public bool TryTakeOldest([NotNullWhen(true)] out FrameBuffer? frame)
    {
        if (_expendable is null || !_expendable.TryDequeue(out var number))
        {
            frame = null;
            return false;
        }

        ref var entry = ref Find(number);
        frame = entry.Frame!;
        entry = new Entry(null, number, null, null);
        _gaps++;
        return true;
    }

    /// <summary>The frame that waits under a conflating rule with this key.</summary>
    public FrameBuffer? LatestOf(OverflowRule rule, object key) =>
        _latest is not null && _latest.TryGetValue((rule, key), out var number) ? Find(number).Frame : null;

    /// <summary>Puts a frame in the place of <see cref="LatestOf"/>: one that moved to the end each time would never get its turn among others that keep coming.</summary>
    public void ReplaceLatest(OverflowRule rule, object key, FrameBuffer frame) => Find(_latest![(rule, key)]).Frame = frame;

    private ref Entry At(int position) => ref _ring[(_head + position) & (_ring.Length - 1)];

    private ref Entry Find(long number)
    {
        var (low, high) = (0, _length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = At(middle).Number < number ? (middle + 1, high) : (low, middle);
        }

        return ref At(low);
    }

    // Without the gaps, and with twice the space only where it is not them that take it.
    private void Rearrange()
    {
        var ring = new Entry[_gaps > _length / 2 ? _ring.Length : 2 * _ring.Length];
        var kept = 0;
        for (var position = 0; position < _length; position++)
        {
            if (At(position) is { Frame: not null } entry)
            {
                ring[kept++] = entry;
            }
        }

        (_ring, _head, _length, _gaps) = (ring, 0, kept, 0);
    }

    [StructLayout(LayoutKind.Auto)]
    private record struct Entry(FrameBuffer? Frame, long Number, OverflowRule? Rule, object? Key);
}
