using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Topics.Matching;
using Bedrock.Ghms.Topics.Wire;

namespace Bedrock.Ghms.Topics.Serving;

internal sealed partial class TopicServer
{
    private ValueTask OnSubscriptionAsync(GhmsConnection connection, Subscription asked, CancellationToken cancellationToken)
    {
        if (!TopicSyntax.TryReadFilter(asked.Filter, out var filter) || asked.Filter.Length > _options.MaxFilterLength)
        {
            return AnswerAsync(connection, asked, SubscriptionOutcome.BadFilter, cancellationToken);
        }

        return asked.Action == SubscriptionAction.Subscribe
            ? SubscribeAsync(connection, asked, filter, cancellationToken)
            : UnsubscribeAsync(connection, asked, filter, cancellationToken);
    }

    private ValueTask UnsubscribeAsync(GhmsConnection connection, Subscription asked, string filter, CancellationToken cancellationToken)
    {
        if (_subscribers.TryGetValue(connection, out var subscriber) && subscriber.Remove(filter))
        {
            _watch.Tell();
        }

        return AnswerAsync(connection, asked, SubscriptionOutcome.Done, cancellationToken);
    }

    private async ValueTask SubscribeAsync(GhmsConnection connection, Subscription asked, string filter, CancellationToken cancellationToken)
    {
        var subscriber = SubscriberOf(connection);
        if (subscriber.Has(filter))
        {
            await AnswerAsync(connection, asked, SubscriptionOutcome.Done, cancellationToken).ConfigureAwait(false);
        }
        else if (_options.CanSubscribe is { } canSubscribe && !await canSubscribe(connection, filter).ConfigureAwait(false))
        {
            await AnswerAsync(connection, asked, SubscriptionOutcome.NotAllowed, cancellationToken).ConfigureAwait(false);
        }
        else if (subscriber.Count >= _options.MaxFilters)
        {
            await AnswerAsync(connection, asked, SubscriptionOutcome.TooMany, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await OpenAsync(subscriber, asked, filter, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Begins a subscription: the answer, then what matching topics retain, then what has been published meanwhile.</summary>
    private async ValueTask OpenAsync(Subscriber subscriber, Subscription asked, string filter, CancellationToken cancellationToken)
    {
        List<Publication> retained = [];
        if (!TryBegin(subscriber, filter, retained))
        {
            return;
        }

        try
        {
            _watch.Tell();
            await AnswerAsync(subscriber.Connection, asked, SubscriptionOutcome.Done, cancellationToken).ConfigureAwait(false);
            foreach (var value in retained)
            {
                await SendAsync(subscriber.Connection, value.AsBytes(), cancellationToken).ConfigureAwait(false);
            }

            while (subscriber.TakeDeferred() is { } deferred)
            {
                foreach (var publication in deferred)
                {
                    await SendAsync(subscriber.Connection, publication, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            subscriber.EndOpening();
            Interlocked.Decrement(ref _opening);
        }
    }

    private bool TryBegin(Subscriber subscriber, string filter, List<Publication> retained)
    {
        using (_order.Write())
        {
            if (!subscriber.TryOpen(filter))
            {
                return false;
            }

            Interlocked.Increment(ref _opening);
            _retained?.Search(filter, retained);
            return true;
        }
    }

    private async ValueTask AnswerAsync(
        GhmsConnection connection, Subscription asked, SubscriptionOutcome outcome, CancellationToken cancellationToken)
    {
        try
        {
            var result = new SubscriptionResult(outcome, asked.Action, asked.Filter);
            await _context.SendAsync(result, Recipients.Exactly(connection), cancellationToken).ConfigureAwait(false);
        }
        catch (GhmsMessageTooLargeException)
        {
            // The result repeats the filter, one byte longer than what asked: this peer may send more than it takes.
            OnUndelivered(1);
            LogResultTooBig(connection, asked.Filter.Length);
        }
    }

    private async ValueTask SendAsync(GhmsConnection connection, Publication publication, CancellationToken cancellationToken)
    {
        try
        {
            await _context.SendAsync(publication, Recipients.Exactly(connection), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (connection.IsOpen && exception is not (OutOfMemoryException or TimeoutException))
        {
            OnUndelivered(1);
            LogUndelivered(publication, connection, exception);
        }
    }

    // Its subscriptions end with the connection, not with its last handler.
    private Subscriber SubscriberOf(GhmsConnection connection)
    {
        if (_subscribers.TryGetValue(connection, out var known))
        {
            return known;
        }

        var subscriber = _subscribers[connection] = new Subscriber(connection, _index, _watch, _context.Options.Outbound.HardLimit);
        connection.Closed.UnsafeRegister(_ => Forget(subscriber), null);
        return subscriber;
    }

    private void Forget(Subscriber subscriber)
    {
        subscriber.End();
        _subscribers.TryRemove(subscriber.Connection, out _);
        _watch.Tell();
    }
}
