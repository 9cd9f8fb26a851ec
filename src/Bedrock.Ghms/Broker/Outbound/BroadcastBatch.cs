using System.Collections.Immutable;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>
/// Messages for the same recipients, sent one after the other while a batch of received messages is handled: gathered side by side
/// for each encoding, and handed to each recipient at once. A delivery then costs little more than the copy of its bytes.
/// </summary>
/// <remarks>
/// <para>A recipient that takes part is a member: its output points here, and whoever else writes to that output releases the member
/// first, with what has been gathered until then, so that every output keeps its order. What follows is sent to it alone.</para>
/// <para>The thread of the batch opens, adds and distributes; any thread may release a member. No foreign code runs under the lock.</para>
/// </remarks>
internal sealed class BroadcastBatch(FlushBatch flushes)
{
    /// <summary>As much as is gathered for each at most: 128 KiB with the charges. There are many outputs for the transport to send meanwhile.</summary>
    public const int MaxCost = 128 * 1_024;

    // A larger frame is copied to its recipients sooner than once more to here.
    private const int LargestFrame = 16 * 1_024;

    private readonly Lock _sync = new();
    private readonly List<GhmsConnection> _released = [];
    private ImmutableArray<GhmsConnection> _recipients;
    private ImmutableArray<GhmsConnection> _lastRecipients;
    private GatheredFrames[] _gathered = [];
    private long _room;
    private int _members;
    private int _version;

    /// <summary>How many recipients take part.</summary>
    public int Members => Volatile.Read(ref _members);

    /// <summary>Whether messages for these very recipients are being gathered, who had room when that began.</summary>
    public bool IsOpenFor(ImmutableArray<GhmsConnection> recipients) => _members > 0 && _recipients == recipients;

    /// <summary>Adds a message for all members, if it is not the first of its kind.</summary>
    /// <param name="recipients">Whom it is for.</param>
    /// <param name="message">What is sent.</param>
    /// <param name="rest">Who has to be sent to alone.</param>
    /// <returns>How many members get it.</returns>
    public int Gather(ImmutableArray<GhmsConnection> recipients, ref SharedFrames message, out ImmutableArray<GhmsConnection> rest)
    {
        rest = recipients;
        if (!IsOpenFor(recipients) && !TryOpen(recipients, ref message))
        {
            return 0;
        }

        var version = _version;
        if (!CanTake(ref message) || !TryAdd(version, ref message, out var members, out rest, out var isFull))
        {
            // What goes to each alone now has all of this before it, and it is handed over as a whole sooner than to one after the other.
            Distribute();
            rest = recipients;
            return 0;
        }

        if (isFull)
        {
            flushes.Flush();
        }

        return members;
    }

    /// <summary>Hands what has been gathered to the members and lets them go.</summary>
    public void Distribute()
    {
        if (_recipients.IsDefault)
        {
            return;
        }

        List<(GhmsConnection Member, SendOutcome Outcome, int Count)>? refused = null;
        lock (_sync)
        {
            foreach (var gathered in _gathered)
            {
                gathered.Close();
            }

            foreach (var recipient in _recipients)
            {
                if (!recipient.Outbound.IsMemberOf(this))
                {
                    continue;
                }

                var its = _gathered[recipient.EncodingOrdinal].Frames;
                var outcome = recipient.Outbound.Leave(its);
                if (outcome == SendOutcome.Accepted)
                {
                    flushes.AddQueued(recipient);
                }
                else
                {
                    (refused ??= []).Add((recipient, outcome, its!.Count));
                }
            }

            foreach (var gathered in _gathered)
            {
                gathered.Clear();
            }

            _released.Clear();
            _recipients = default;
            _members = 0;
            _version++;
        }

        refused?.ForEach(static refusal => refusal.Member.OnRefused(refusal.Outcome, refusal.Count));
    }

    /// <summary>Ends the batch: nothing is kept of it.</summary>
    public void Forget() => _lastRecipients = default;

    /// <summary>Hands what has been gathered until now to one member, and lets it go.</summary>
    public void Release(GhmsConnection member)
    {
        SendOutcome outcome;
        int count;
        lock (_sync)
        {
            if (!member.Outbound.IsMemberOf(this))
            {
                return;
            }

            _members--;
            _released.Add(member);
            var frames = _gathered[member.EncodingOrdinal].Copy();
            count = frames?.Count ?? 0;
            outcome = member.Outbound.Leave(frames);
        }

        if (outcome != SendOutcome.Accepted)
        {
            member.OnRefused(outcome, count);
        }
    }

    // Two messages in a row for the same recipients are likely to be followed by more.
    private bool TryOpen(ImmutableArray<GhmsConnection> recipients, ref SharedFrames message)
    {
        var broker = recipients[0].Broker;
        var limits = broker.Options.Outbound;
        var isLikely = _lastRecipients == recipients && limits.HasBatchRoom && message.Key is null && IsSmall(recipients[0], ref message);
        Distribute();
        _lastRecipients = recipients;
        if (!isLikely)
        {
            return false;
        }

        _room = limits.BatchRoom;
        var encodings = broker.Registry.Encodings.Count;
        lock (_sync)
        {
            _recipients = recipients;
            if (_gathered.Length != encodings)
            {
                _gathered = [.. Enumerable.Range(0, encodings).Select(static _ => new GatheredFrames())];
            }
        }

        flushes.StartClock();
        foreach (var recipient in recipients)
        {
            Join(recipient);
        }

        return true;
    }

    private void Join(GhmsConnection recipient)
    {
        var isMember = recipient.IsOpen && !recipient.IsOverSoftLimit && recipient.Outbound.TryJoin(this);
        lock (_sync)
        {
            if (!isMember)
            {
                _released.Add(recipient);
                return;
            }

            _members++;
            _gathered[recipient.EncodingOrdinal].AddRecipient(recipient);
        }
    }

    private bool TryAdd(
        int version, ref SharedFrames message, out int members, out ImmutableArray<GhmsConnection> rest, out bool isFull)
    {
        lock (_sync)
        {
            var most = 0L;

            // An encoder is the application's code, and may have sent something itself.
            var isSame = version == _version;
            foreach (var gathered in isSame ? _gathered : [])
            {
                if (gathered.Strictest is { } strictest)
                {
                    gathered.Add(message.FrameFor(strictest));
                    most = Math.Max(most, gathered.Cost);
                }
            }

            (members, rest, isFull) = (_members, [.. _released], most >= _room);
            return isSame;
        }
    }

    // What one member would refuse is sent to each alone, so that only those fail whom it concerns.
    private bool CanTake(ref SharedFrames message)
    {
        if (message.Key is not null)
        {
            // Gathered, it could not be taken out again when a later one comes.
            return false;
        }

        foreach (var gathered in _gathered)
        {
            if (gathered.Strictest is { } strictest && !IsSmall(strictest, ref message))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSmall(GhmsConnection recipient, ref SharedFrames message) =>
        message.TryFrameFor(recipient, out var frame) && frame.Length <= LargestFrame;
}
