using System.Buffers;
using System.Collections.Immutable;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>One message on its way to many connections: encoded once per encoding, then handed to each without waiting.</summary>
/// <remarks>
/// It waits before that, while at least half of its recipients are over their soft limit, for the producer is too fast then
/// (W5). A minority that is slower never delays anyone; the hard limit and the clock deal with it.
/// </remarks>
internal readonly struct Broadcast(GhmsBroker broker, object message, ImmutableArray<GhmsConnection> recipients, bool named)
{
    public ValueTask<int> SendAsync(CancellationToken cancellationToken)
    {
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
        return over > 0 && over * 2 >= open ? WaitForMajorityAsync() : Task.CompletedTask;
    }

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

    /// <summary>Completes when so many have room again that fewer than half of the recipients are over their soft limit.</summary>
    /// <remarks>Who will have room first nobody can tell: to wait for one of them is to wait for the one that never reads.</remarks>
    private Task WaitForMajorityAsync()
    {
        var crowded = recipients.Where(recipient => recipient.IsOpen && recipient.IsOverSoftLimit).ToList();
        var missing = crowded.Count - ((CountOpen().Open - 1) / 2);
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
        var raw = message as RawMessage;
        var type = raw is null ? broker.Registry.Find(message.GetType()) : null;
        var frames = ArrayPool<FrameBuffer?>.Shared.Rent(broker.Registry.Encodings.Count);
        var errors = default(EncodingErrors);
        List<SendFailure>? failures = null;
        var accepted = 0;
        try
        {
            foreach (var recipient in recipients)
            {
                try
                {
                    var frame = raw?.Frame ?? FrameFor(type!, recipient, frames, ref errors);
                    if (TryOffer(recipient, frame, raw?.Encoding))
                    {
                        accepted++;
                    }
                }
                catch (Exception exception)
                {
                    (failures ??= []).Add(new SendFailure(recipient, exception));
                }
            }
        }
        finally
        {
            foreach (ref var frame in frames.AsSpan(0, broker.Registry.Encodings.Count))
            {
                frame?.Release();
                frame = null;
            }

            ArrayPool<FrameBuffer?>.Shared.Return(frames);
        }

        return failures is null ? accepted : throw GhmsSendFailedException.For(failures, accepted);
    }

    private bool TryOffer(GhmsConnection recipient, FrameBuffer frame, string? encoding)
    {
        if (recipient.IsOpen)
        {
            recipient.CheckFrame(frame, encoding);
            if (recipient.Offer(frame) == SendOutcome.Accepted)
            {
                return true;
            }
        }

        // Among all, one that has ended is nobody's failure; by name it is.
        return named ? throw recipient.ClosedError() : false;
    }

    private FrameBuffer FrameFor(MessageType type, GhmsConnection recipient, FrameBuffer?[] frames, ref EncodingErrors errors)
    {
        var ordinal = type.OrdinalFor(recipient.EncodingOrdinal);
        if (frames[ordinal] is { } frame)
        {
            return frame;
        }

        errors.ThrowFor(ordinal);
        try
        {
            return frames[ordinal] = FrameEncoder.Encode(
                type, ordinal, message, broker.Options.MaxMessageSize, broker.Options.SendBufferSize);
        }
        catch (Exception exception)
        {
            errors.Set(ordinal, exception);
            throw;
        }
    }

    /// <summary>What each encoding threw, so that it is asked once however many recipients share it.</summary>
    private struct EncodingErrors
    {
        private Dictionary<int, Exception>? _errors;

        public readonly void ThrowFor(int ordinal)
        {
            if (_errors is not null && _errors.TryGetValue(ordinal, out var error))
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
            }
        }

        public void Set(int ordinal, Exception error) => (_errors ??= []).Add(ordinal, error);
    }
}
