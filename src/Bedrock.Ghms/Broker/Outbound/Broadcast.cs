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
        if (FindRoomToAwait() is { } crowded)
        {
            return SendSlowAsync(crowded, cancellationToken);
        }

        return new ValueTask<int>(Send());
    }

    private async ValueTask<int> SendSlowAsync(GhmsConnection crowded, CancellationToken cancellationToken)
    {
        var startedAt = broker.Time.GetTimestamp();
        for (var next = crowded; next is not null; next = FindRoomToAwait())
        {
            await broker.WaitAsync(next.WaitForRoomAsync(), startedAt, cancellationToken).ConfigureAwait(false);
        }

        return Send();
    }

    /// <summary>The least loaded of those over their soft limit, if they are at least half of the recipients.</summary>
    private GhmsConnection? FindRoomToAwait()
    {
        var (open, over) = (0, 0);
        GhmsConnection? leastLoaded = null;
        foreach (var recipient in recipients)
        {
            if (!recipient.IsOpen)
            {
                continue;
            }

            open++;
            if (recipient.IsOverSoftLimit)
            {
                over++;
                leastLoaded = leastLoaded is null || recipient.PendingBytes < leastLoaded.PendingBytes ? recipient : leastLoaded;
            }
        }

        return over * 2 >= open ? leastLoaded : null;
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
