using System.Diagnostics.CodeAnalysis;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>Frames in the order in which they are sent. Some may be taken out before their turn, which leaves a gap. Not safe for concurrent use.</summary>
internal sealed class FrameQueue
{
    private const int FirstCapacity = 4;

    private FrameBuffer?[] _ring = new FrameBuffer?[FirstCapacity];
    private int _head;
    private int _length;
    private long _first;

    // Numbers of frames, counted from the first one that ever stood here; some may have left.
    private Queue<long>? _expendable;
    private Dictionary<(OverflowRule Rule, object Key), long>? _latest;

    /// <summary>How many places there are, a power of two.</summary>
    public int Capacity => _ring.Length;

    /// <summary>How many frames stand here, and gaps.</summary>
    public int Length => _length;

    /// <summary>Adds a frame at the end.</summary>
    /// <param name="frame">The frame; the reference is the caller's to take.</param>
    /// <param name="rule">Whether it may be taken out again.</param>
    /// <param name="key">What a frame under a conflating rule says the latest about.</param>
    public void Enqueue(FrameBuffer frame, OverflowRule? rule = null, object? key = null)
    {
        if (_length == _ring.Length)
        {
            Grow();
        }

        var number = _first + _length;
        _ring[Place(number)] = frame;
        _length++;
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
    public bool TryDequeue(out FrameBuffer? frame)
    {
        frame = null;
        if (_length == 0)
        {
            return false;
        }

        ref var place = ref _ring[_head];
        (frame, place) = (place, null);
        _head = (_head + 1) & (_ring.Length - 1);
        _length--;
        _first++;
        if (_length == 0)
        {
            _expendable = null;
            _latest = null;
        }

        return true;
    }

    /// <summary>Takes out the oldest frame that gives way to newer ones.</summary>
    public bool TryTakeOldest([NotNullWhen(true)] out FrameBuffer? frame)
    {
        frame = null;
        while (frame is null && _expendable is not null && _expendable.TryDequeue(out var number))
        {
            frame = TakeOut(number);
        }

        return frame is not null;
    }

    /// <summary>Takes out the frame that a newer one with the same key makes needless.</summary>
    public bool TryTakeLatest(OverflowRule rule, object key, [NotNullWhen(true)] out FrameBuffer? frame)
    {
        frame = _latest is not null && _latest.Remove((rule, key), out var number) ? TakeOut(number) : null;
        return frame is not null;
    }

    private FrameBuffer? TakeOut(long number)
    {
        if (number < _first)
        {
            return null;
        }

        ref var place = ref _ring[Place(number)];
        var frame = place;
        place = null;
        return frame;
    }

    private int Place(long number) => (int)((_head + (number - _first)) & (_ring.Length - 1));

    private void Grow()
    {
        var larger = new FrameBuffer?[2 * _ring.Length];
        for (var i = 0; i < _length; i++)
        {
            larger[i] = _ring[Place(_first + i)];
        }

        (_ring, _head) = (larger, 0);
    }
}
