using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Topics.Matching;
using Bedrock.Ghms.Topics.Wire;

namespace Bedrock.Ghms.Topics.Listening;

/// <summary>A client's connection with its subscriptions. Safe for concurrent use.</summary>
/// <remarks>However often a filter is subscribed to here, the server knows of it once: from the first subscription to the last.</remarks>
internal sealed class TopicSession(PipeContext context, GhmsConnection connection)
{
    private readonly SubscriptionIndex<TopicSubscription> _index = new();
    private readonly KeyedGate _gate = new();
    private readonly Dictionary<(SubscriptionAction Action, string Filter), Question> _questions = [];

    /// <summary>Adds a subscription, and asks the server if it is the first of its filter.</summary>
    /// <exception cref="GhmsSubscriptionException">The server refused.</exception>
    /// <exception cref="GhmsConnectionClosedException">The connection has ended.</exception>
    public async Task AddAsync(TopicSubscription subscription)
    {
        var filter = subscription.Filter;
        await _gate.EnterAsync(filter).ConfigureAwait(false);
        try
        {
            if (_index.Contains(filter))
            {
                _index.Add(filter, subscription, out _);
                return;
            }

            var outcome = await AskAsync(SubscriptionAction.Subscribe, filter, subscription).ConfigureAwait(false);
            if (outcome != SubscriptionOutcome.Done)
            {
                throw new GhmsSubscriptionException(filter, outcome);
            }
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
            if (_index.Remove(filter, subscription, out var wasLast) && wasLast)
            {
                await AskAsync(SubscriptionAction.Unsubscribe, filter, subscription: null).ConfigureAwait(false);
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

    /// <summary>Takes an answer of the server.</summary>
    /// <exception cref="GhmsProtocolException">Nobody asked for it.</exception>
    public void OnResult(SubscriptionResult result)
    {
        var filter = Encoding.UTF8.GetString(result.Filter);
        Question? question;
        lock (_questions)
        {
            if (!_questions.Remove((result.Action, filter), out question))
            {
                throw new GhmsProtocolException(CloseStatus.ProtocolError, "A SubscriptionResult that nobody asked for.");
            }
        }

        // Here, in the read loop, and not where the answer is awaited: what the topics retain is right behind it.
        if (question.Subscription is { } subscription && result.Outcome == SubscriptionOutcome.Done)
        {
            _index.Add(filter, subscription, out _);
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

    private async Task<SubscriptionOutcome> AskAsync(SubscriptionAction action, string filter, TopicSubscription? subscription)
    {
        var question = new Question(subscription);
        lock (_questions)
        {
            _questions.Add((action, filter), question);
        }

        try
        {
            var asked = new Subscription(action, Encoding.UTF8.GetBytes(filter));
            await context.SendAsync(asked, Recipients.Exactly(connection)).ConfigureAwait(false);
            return await question.Answer.Task.WaitAsync(connection.Closed).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception)
        {
            throw new GhmsConnectionClosedException($"The connection {connection.Id} has ended before the server answered.", exception);
        }
        finally
        {
            // It is still there when it could not be sent, or the connection has ended: no answer will come.
            lock (_questions)
            {
                _questions.Remove((action, filter));
            }
        }
    }
}
