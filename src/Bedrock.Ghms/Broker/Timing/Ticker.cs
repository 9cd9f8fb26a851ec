using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Bedrock.Ghms.Broker.Timing;

/// <summary>One timer for everything that the brokers of one clock wait for: heartbeats, idle and stalled connections, unfinished upgrades.</summary>
/// <remarks>
/// It runs only while there is something to wait for, and lives as long as its clock.
/// Entries of one period form a lane, in which the first is always due first; so adding, removing and ticking cost the same
/// among ten and ten thousand, and a peer with a short time-out makes nobody else tick more often.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "A timer that is not armed holds nothing.")]
internal sealed class Ticker
{
    private static readonly ConditionalWeakTable<TimeProvider, Ticker> ByTime = [];

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _sync = new();
    private readonly List<Lane> _lanes = [];
    private long _armedFor = long.MaxValue;

    private Ticker(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static ticker => ((Ticker)ticker!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The ticker that all brokers share whose clock this is.</summary>
    public static Ticker Of(TimeProvider time) => ByTime.GetValue(time, static time => new Ticker(time));

    /// <summary>Ticks <paramref name="item"/> every <paramref name="period"/> until the entry is removed.</summary>
    public Entry Add(ITicked item, TimeSpan period)
    {
        lock (_sync)
        {
            var lane = _lanes.Find(lane => lane.Period == period);
            if (lane is null)
            {
                lane = new Lane(period, (long)(period.TotalSeconds * _time.TimestampFrequency));
                _lanes.Add(lane);
            }

            var entry = new Entry(item, lane);
            Schedule(entry, _time.GetTimestamp());
            Arm();
            return entry;
        }
    }

    public void Remove(Entry entry)
    {
        lock (_sync)
        {
            entry.IsRemoved = true;
            entry.Lane.Remove(entry);
        }
    }

    private static void Schedule(Entry entry, long now)
    {
        entry.Due = now + entry.Lane.Ticks;
        entry.Lane.Add(entry);
    }

    private void Fire()
    {
        var now = _time.GetTimestamp();
        lock (_sync)
        {
            _armedFor = long.MaxValue;
        }

        for (var i = 0; i < LaneCount(); i++)
        {
            while (TakeDue(i, now) is { } entry)
            {
                entry.Item.Tick(now);
                lock (_sync)
                {
                    if (!entry.IsRemoved)
                    {
                        Schedule(entry, now);
                    }
                }
            }
        }

        lock (_sync)
        {
            Arm();
        }
    }

    private int LaneCount()
    {
        lock (_sync)
        {
            return _lanes.Count;
        }
    }

    private Entry? TakeDue(int index, long now)
    {
        lock (_sync)
        {
            if (_lanes[index].First is not { } entry || entry.Due > now)
            {
                return null;
            }

            entry.Lane.Remove(entry);
            return entry;
        }
    }

    private void Arm()
    {
        var next = long.MaxValue;
        foreach (var lane in _lanes)
        {
            next = Math.Min(next, lane.First?.Due ?? long.MaxValue);
        }

        if (next >= _armedFor)
        {
            return;
        }

        _armedFor = next;
        var wait = _time.GetElapsedTime(_time.GetTimestamp(), next);

        // Timers count whole milliseconds: round up, or the last one would be spent spinning.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(wait.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    /// <summary>One item's place in the timer, and in the list of its lane: there is one for each connection.</summary>
    internal sealed class Entry(ITicked item, Lane lane)
    {
        public ITicked Item { get; } = item;

        public Lane Lane { get; } = lane;

        public Entry? Previous { get; set; }

        public Entry? Next { get; set; }

        public long Due { get; set; }

        public bool IsRemoved { get; set; }
    }

    /// <summary>The entries of one period, the next one due first.</summary>
    internal sealed class Lane(TimeSpan period, long ticks)
    {
        private Entry? _last;

        public TimeSpan Period { get; } = period;

        public long Ticks { get; } = ticks;

        public Entry? First { get; private set; }

        public void Add(Entry entry)
        {
            entry.Previous = _last;
            if (_last is null)
            {
                First = entry;
            }
            else
            {
                _last.Next = entry;
            }

            _last = entry;
        }

        /// <summary>Takes an entry out, if it is in.</summary>
        public void Remove(Entry entry)
        {
            if (entry.Previous is null && First != entry)
            {
                return;
            }

            if (entry.Previous is null)
            {
                First = entry.Next;
            }
            else
            {
                entry.Previous.Next = entry.Next;
            }

            if (entry.Next is null)
            {
                _last = entry.Previous;
            }
            else
            {
                entry.Next.Previous = entry.Previous;
            }

            (entry.Previous, entry.Next) = (null, null);
        }
    }
}
