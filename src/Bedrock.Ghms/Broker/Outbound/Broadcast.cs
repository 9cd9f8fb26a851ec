using System.Collections.Immutable;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>One message on its way to many connections: encoded once per encoding, then handed to each without waiting.</summary>
/// <remarks>
/// It waits before that, while at least half of its recipients are over their soft limit, for the producer is too fast then
/// (W5). A minority that is slower never delays anyone; the hard limit and the clock deal with it.
/// </remarks>
internal readonly struct Broadcast(GhmsBroker broker, object message, ImmutableArray<GhmsConnection> recipients, bool named)
{
    private bool MayBeDropped => broker.Registry.HasOverflows && message is not RawMessage
        && broker.Registry.OverflowOf(broker.Registry.Find(message.GetType()), message) is not null;

    public ValueTask<int> SendAsync(CancellationToken cancellationToken)
    {
        if ((FlushBatch.Current is { } batch && batch.Broadcasts.IsOpenFor(recipients)) || MayBeDropped)
        {
            return new ValueTask<int>(Send());
        }

        var room = FindRoomToAwait();
        return room.IsCompleted ? new ValueTask<int>(Send()) : SendSlowAsync(room, cancellationToken);
    }

    private async ValueTask<int> SendSlowAsync(Task room, CancellationToken cancellationToken)
    {
        var startedAt = broker.Time.GetTimestamp();
        for (; !room.IsCompleted; room = FindRoomToAwait())
        {
            await broker.WaitAsync(room, startedAt, cancellationToken).ConfigureAwait(false);
        }

        return Send();
    }

    private Task FindRoomToAwait()
    {
        var (open, over) = CountOpen();
        return over > MayLag(open) ? WaitForEnoughAsync() : Task.CompletedTask;
    }

    // How many of so many may be over their soft limit without holding up the others.
    private int MayLag(int open) => broker.Options.Outbound.PaceBySlowest ? 0 : Math.Max(0, open - 1) / 2;

    private (int Open, int Over) CountOpen()
    {
        var (open, over) = (0, 0);
        foreach (var recipient in recipients)
        {
            if (recipient.IsOpen)
            {
                open++;
                over += recipient.IsOverSoftLimit ? 1 : 0;
            }
        }

        return (open, over);
    }

    /// <summary>Completes when so many have room again that the others may lag.</summary>
    /// <remarks>Who will have room first nobody can tell: to wait for one of them is to wait for the one that never reads.</remarks>
    private Task WaitForEnoughAsync()
    {
        var crowded = recipients.Where(recipient => recipient.IsOpen && recipient.IsOverSoftLimit).ToList();
        var missing = crowded.Count - MayLag(CountOpen().Open);
        if (missing <= 0)
        {
            return Task.CompletedTask;
        }

        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var recipient in crowded)
        {
            recipient.WaitForRoomAsync().ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() =>
            {
                if (Interlocked.Decrement(ref missing) == 0)
                {
                    enough.SetResult();
                }
            });
        }

        return enough.Task;
    }

    private int Send()
    {
        var frames = new SharedFrames(broker, message);
        var batch = FlushBatch.Current;
        var drain = batch is null && recipients.Length >= SharedDrain.LeastRecipients && broker.Options.Outbound.HasBatchRoom ? broker.Drain : null;
        List<SendFailure>? failures = null;
        int accepted;
        try
        {
            var rest = recipients;
            accepted = batch?.Broadcasts.Gather(recipients, ref frames, out rest) ?? 0;
            foreach (var recipient in rest)
            {
                try
                {
                    accepted += TryOffer(recipient, ref frames, drain) ? 1 : 0;
                }
                catch (Exception exception)
                {
                    (failures ??= []).Add(new SendFailure(recipient, exception));
                }
            }
        }
        finally
        {
            frames.Dispose();
        }

        return failures is null ? accepted : throw GhmsSendFailedException.For(failures, accepted);
    }

    private bool TryOffer(GhmsConnection recipient, ref SharedFrames frames, SharedDrain? drain)
    {
        var frame = frames.FrameFor(recipient);
        if (recipient.IsOpen && recipient.Offer(frame, frames.Rule, frames.Key, drain) is var outcome and not SendOutcome.Closed and not SendOutcome.OverHardLimit)
        {
            return outcome == SendOutcome.Accepted;
        }

        // Among all, one that has ended is nobody's failure; by name it is.
        return named ? throw recipient.ClosedError() : false;
    }
}
