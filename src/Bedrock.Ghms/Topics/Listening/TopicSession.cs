using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Topics.Matching;
using Bedrock.Ghms.Topics.Wire;

namespace Bedrock.Ghms.Topics.Listening;

/// <summary>What a client has subscribed to, from one connection to the next. Safe for concurrent use.</summary>
/// <remarks>
/// However often a filter is subscribed to here, each connection's server knows of it once: from the first subscription to the last. What concerns
/// one filter happens one after the other.
/// </remarks>
internal sealed class TopicSession(PipeContext context)
{
    private readonly SubscriptionIndex<TopicSubscription> _index = new();
    private readonly KeyedGate _gate = new();
    private readonly Lock _sync = new();
    private readonly Dictionary<string, FilterState> _filters = new(StringComparer.Ordinal);
    private readonly Dictionary<(GhmsConnection Connection, SubscriptionAction Action, string Filter), Question> _questions = [];

    /// <summary>Whether the server has a filter now.</summary>
    public bool IsActive(string filter)
    {
        lock (_sync)
        {
            return _filters.TryGetValue(filter, out var state) && state.IsActive;
        }
    }

    /// <summary>Adds a subscription, and asks the server unless it has the filter already.</summary>
    /// <exception cref="GhmsSubscriptionException">The server refused.</exception>
    /// <exception cref="GhmsConnectionClosedException">The connection has ended.</exception>
    public async Task AddAsync(GhmsConnection connection, TopicSubscription subscription)
    {
        var filter = subscription.Filter;
        await _gate.EnterAsync(filter).ConfigureAwait(false);
        try
        {
            if (!TryJoin(connection, subscription)
                && await AskAsync(connection, SubscriptionAction.Subscribe, filter, subscription).ConfigureAwait(false) is not SubscriptionOutcome.Done and var outcome)
            {
                throw new GhmsSubscriptionException(filter, outcome);
            }
        }
        catch (GhmsConnectionClosedException)
        {
            // The answer may have come at the very end; whoever asked does not have the subscription all the same.
            Leave(subscription, out _);
            throw;
        }
        finally
        {
            _gate.Exit(filter);
        }
    }

    /// <summary>Removes a subscription, and tells the server if it was the last of its filter. Never fails.</summary>
    public async Task RemoveAsync(TopicSubscription subscription)
    {
        var filter = subscription.Filter;
        await _gate.EnterAsync(filter).ConfigureAwait(false);
        try
        {
            if (Leave(subscription, out var confirmed) && confirmed is not null)
            {
                await AskAsync(confirmed, SubscriptionAction.Unsubscribe, filter, subscription: null).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is GhmsException or TimeoutException)
        {
            // The connection has ended, or is about to for want of room, and the subscription with it.
        }
        finally
        {
            _gate.Exit(filter);
        }
    }

    /// <summary>Subscribes on a new connection to every filter there is.</summary>
    /// <param name="connection">The new connection.</param>
    /// <param name="refused">Is told what the server refuses; the rest is restored all the same.</param>
    /// <param name="cancellationToken">Ends the wait for the server.</param>
    /// <exception cref="GhmsConnectionClosedException">The connection has ended.</exception>
    public Task RestoreAsync(GhmsConnection connection, Action<GhmsSubscriptionException> refused, CancellationToken cancellationToken)
    {
        string[] filters;
        lock (_sync)
        {
            filters = [.. _filters.Keys];
        }

        return filters.Length == 0
            ? Task.CompletedTask
            : Task.WhenAll(filters.Select(filter => RestoreAsync(connection, filter, refused, cancellationToken)));
    }

    /// <summary>Takes an answer of the server.</summary>
    /// <exception cref="GhmsProtocolException">Nobody asked for it.</exception>
    public void OnResult(GhmsConnection connection, SubscriptionResult result)
    {
        var filter = Encoding.UTF8.GetString(result.Filter);
        Question? question;
        lock (_sync)
        {
            if (!_questions.Remove((connection, result.Action, filter), out question))
            {
                throw new GhmsProtocolException(CloseStatus.ProtocolError, "A SubscriptionResult that nobody asked for.");
            }

            // Here, in the read loop, and not where the answer is awaited: what the topics retain is right behind it.
            if (result is { Action: SubscriptionAction.Subscribe, Outcome: SubscriptionOutcome.Done })
            {
                OnSubscribed(connection, filter, question.Subscription);
            }
        }

        question.Answer.TrySetResult(result.Outcome);
    }

    /// <summary>Hands a message to each subscription that its topic matches, one after the other.</summary>
    public async ValueTask HandleAsync(string topic, object message, CancellationToken cancellationToken)
    {
        foreach (var subscription in _index.Match(topic))
        {
            await subscription.HandleAsync(topic, message, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RestoreAsync(
        GhmsConnection connection, string filter, Action<GhmsSubscriptionException> refused, CancellationToken cancellationToken)
    {
        await _gate.EnterAsync(filter, cancellationToken).ConfigureAwait(false);
        try
        {
            if (SubscriptionsOf(filter) is { Length: > 0 } subscriptions
                && await AskAsync(connection, SubscriptionAction.Subscribe, filter, subscription: null, cancellationToken)
                    .ConfigureAwait(false) is not SubscriptionOutcome.Done and var outcome)
            {
                var refusal = new GhmsSubscriptionException(filter, outcome);
                refused(refusal);
                Array.ForEach(subscriptions, subscription => subscription.OnRefused(refusal));
            }
        }
        finally
        {
            _gate.Exit(filter);
        }
    }

    private TopicSubscription[] SubscriptionsOf(string filter)
    {
        lock (_sync)
        {
            return _filters.TryGetValue(filter, out var state) ? [.. state.Subscriptions] : [];
        }
    }

    private bool TryJoin(GhmsConnection connection, TopicSubscription subscription)
    {
        lock (_sync)
        {
            if (!_filters.TryGetValue(subscription.Filter, out var state) || state.Confirmed != connection)
            {
                return false;
            }

            Add(state, subscription);
            return true;
        }
    }

    private void OnSubscribed(GhmsConnection connection, string filter, TopicSubscription? subscription)
    {
        if (!_filters.TryGetValue(filter, out var state))
        {
            _filters.Add(filter, state = new FilterState());
        }

        state.Confirmed = connection;
        if (subscription is not null)
        {
            Add(state, subscription);
        }
    }

    private void Add(FilterState state, TopicSubscription subscription)
    {
        state.Subscriptions.Add(subscription);
        _index.Add(subscription.Filter, subscription, out _);
    }

    private bool Leave(TopicSubscription subscription, out GhmsConnection? confirmed)
    {
        lock (_sync)
        {
            _index.Remove(subscription.Filter, subscription, out _);
            confirmed = null;
            if (!_filters.TryGetValue(subscription.Filter, out var state)
                || !state.Subscriptions.Remove(subscription) || state.Subscriptions.Count > 0)
            {
                return false;
            }

            confirmed = state.Confirmed;
            return _filters.Remove(subscription.Filter);
        }
    }

    private async Task<SubscriptionOutcome> AskAsync(
        GhmsConnection connection, SubscriptionAction action, string filter, TopicSubscription? subscription, CancellationToken cancellationToken = default)
    {
        var question = new Question(subscription);
        lock (_sync)
        {
            _questions.Add((connection, action, filter), question);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(connection.Closed, cancellationToken);
        try
        {
            var asked = new Subscription(action, Encoding.UTF8.GetBytes(filter));
            await context.SendAsync(asked, Recipients.Exactly(connection), cancellationToken).ConfigureAwait(false);
            return await question.Answer.Task.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GhmsConnectionClosedException($"The connection {connection.Id} has ended before the server answered.", exception);
        }
        finally
        {
            // It is still there when it could not be sent, or the connection has ended: no answer will come.
            lock (_sync)
            {
                _questions.Remove((connection, action, filter));
            }
        }
    }
}
