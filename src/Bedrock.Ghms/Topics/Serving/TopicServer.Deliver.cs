using System.Collections.Immutable;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Topics.Wire;

namespace Bedrock.Ghms.Topics.Serving;

internal sealed partial class TopicServer
{
    // How many subscribers are being sent what topics retain; publications wait for them then.
    private int _opening;

    private ValueTask<int> DeliverAsync(Publication publication, bool retain, CancellationToken cancellationToken)
    {
        if (!TryChoose(publication, retain, out var recipients, out var deferred))
        {
            return DeliverAsync(WithBytes(publication), retain, cancellationToken);
        }

        return recipients.IsEmpty ? new ValueTask<int>(deferred) : SendAsync(publication, recipients, deferred, cancellationToken);
    }

    /// <returns><see langword="false"/>, and nothing done, if the publication may have to wait and cannot, as it has no bytes.</returns>
    private bool TryChoose(Publication publication, bool retain, out ImmutableArray<GhmsConnection> recipients, out int deferred)
    {
        using (_order.Read())
        {
            (recipients, deferred) = ([], 0);
            if (_opening > 0 && publication is { Payload: null, IsClearing: false })
            {
                return false;
            }

            if (retain)
            {
                Retain(publication);
            }

            recipients = publication.IsClearing ? [] : _index.Match(publication.Topic);
            if (_opening > 0)
            {
                (recipients, deferred) = Defer(publication, recipients);
            }

            return true;
        }
    }

    private void Retain(Publication publication)
    {
        if (publication.IsClearing)
        {
            _retained!.Clear(publication.Topic);
        }
        else if (!_retained!.TrySet(publication.Topic, publication.AsBytes(), publication.Payload!.Length)
            && Interlocked.Increment(ref _notRetained) == 1)
        {
            LogNotRetained(_options.MaxRetained, _options.MaxRetainedBytes);
        }
    }

    // Who is still being sent what the topics retained gets this behind it.
    private (ImmutableArray<GhmsConnection> Ready, int Deferred) Defer(Publication publication, ImmutableArray<GhmsConnection> recipients)
    {
        var later = publication.AsBytes();
        var ready = recipients.RemoveAll(recipient => TryDefer(later, recipient));
        return (ready, recipients.Length - ready.Length);
    }

    private bool TryDefer(Publication publication, GhmsConnection recipient)
    {
        if (!_subscribers.TryGetValue(recipient, out var subscriber) || !subscriber.TryDefer(publication, out var isFull))
        {
            return false;
        }

        if (isFull && recipient.IsOpen)
        {
            LogSubscriberTooSlow(recipient, _context.Options.Outbound.HardLimit);
            _ = recipient.CloseAsync(CloseStatus.PolicyViolation, "The consumer is too slow.");
        }

        return true;
    }

    private void OnUndelivered(int count)
    {
        Interlocked.Add(ref _undelivered, count);
        CountDrops(DropReason.Undelivered, count);
    }

    private void CountDrops(string reason, int count) => _context.Broker.Meter.OnDrop(_context.Broker, reason, count);

    private static int CountUndelivered(GhmsSendFailedException failed) =>
        failed.Failures.Count(failure => failure.Exception is not GhmsConnectionClosedException);

    private async ValueTask<int> SendAsync(
        Publication publication, ImmutableArray<GhmsConnection> recipients, int deferred, CancellationToken cancellationToken)
    {
        try
        {
            return deferred + await _context.SendAsync(publication, Recipients.ExactlyEach(recipients), cancellationToken).ConfigureAwait(false);
        }
        catch (GhmsConnectionClosedException)
        {
            // Who has left is no subscriber any more; the others have it.
            return deferred + recipients.Count(recipient => recipient.IsOpen);
        }
        catch (GhmsSendFailedException failed)
        {
            OnUndelivered(CountUndelivered(failed));
            throw;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            OnUndelivered(recipients.Length);
            throw;
        }
    }
}
