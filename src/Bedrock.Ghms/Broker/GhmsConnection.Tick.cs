using System.Numerics;
using Bedrock.Ghms.Broker.Inbound;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsConnection
{
    // A message that has begun must keep arriving (section 3).
    private const int MinBytesPerSecond = 240;
    private static readonly TimeSpan ArrivalGrace = TimeSpan.FromSeconds(5);

    private TimeSpan PeerTimeout => _terms.PeerTimeout ?? Broker.Options.Timeout;

    // A twentieth of the shorter time-out keeps every deadline within its 10 %; powers of two keep the timer's lanes few.
    private TimeSpan TickPeriod
    {
        get
        {
            var shorter = Math.Min(PeerTimeout.TotalMilliseconds, Broker.Options.Timeout.TotalMilliseconds);
            return TimeSpan.FromMilliseconds(Math.Min(1_024, BitOperations.RoundUpToPowerOf2((uint)(shorter / 20) + 1) / 2));
        }
    }

    void Timing.ITicked.Tick(long now)
    {
        if (!IsOpen)
        {
            if (Volatile.Read(ref _endedAt) is var ended and not 0 && Elapsed(ended, now) >= EndTime)
            {
                Abort("The peer did not let the connection end in time.");
            }

            return;
        }

        TickOutbound(now);
        TickInbound(now);
    }

    private void TickOutbound(long now)
    {
        var limits = Broker.Options.Outbound;
        _outbound.GiveUpWaiting();
        _outbound.Settle();
        if (_outbound.FlushPendingSince is var flushing and not 0 && Elapsed(flushing, now) >= Broker.Options.Timeout)
        {
            OnTooSlow($"nothing was taken off its output for {Broker.Options.Timeout}");
        }
        else if (_outbound.OverSoftSince is var over and not 0 && Elapsed(over, now) >= limits.SoftLimitTime)
        {
            OnTooSlow($"more than {limits.SoftLimit} bytes have waited for it for {limits.SoftLimitTime}");
        }
        else if (_outbound.Pending > 0)
        {
            // A handler that blocks its read loop holds a batch back; whom it waits for may be waiting for that batch.
            _outbound.FlushHeldBack();
        }
        else if (Elapsed(_outbound.LastSent, now) >= PeerTimeout / 3)
        {
            _outbound.Beat(Broker.Options.HeartbeatCode);
        }
    }

    private void TickInbound(long now)
    {
        if (_reader.ReadingSince is var reading && reading == ReadLoop.NotReading)
        {
            return;
        }

        // The tick may just have ended the connection for another cause, which alone is told then.
        if (Elapsed(reading, now) >= Broker.Options.Timeout)
        {
            if (EndHere(new ConnectionEnd(ConnectionEndCause.ClosedHere, CloseStatus.GoingAway, "Nothing was heard in time."), discard: false))
            {
                Broker.LogIdle(this, Broker.Options.Timeout);
            }
        }
        else if (_reader.FrameBeganAt is var began and not 0 && Elapsed(began, now) - ArrivalGrace is var late && late > TimeSpan.Zero
            && _reader.FrameBytes < MinBytesPerSecond * late.TotalSeconds
            && EndHere(new ConnectionEnd(ConnectionEndCause.ClosedHere, CloseStatus.PolicyViolation, "A message arrived too slowly."), discard: false))
        {
            Broker.LogTrickle(this, _reader.FrameBytes);
        }
    }

    private TimeSpan Elapsed(long from, long to) => Broker.Time.GetElapsedTime(from, to);
}
