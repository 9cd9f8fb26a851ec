using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Topics.Matching;
using Bedrock.Ghms.Topics.Wire;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Topics.Serving;

// Event ids are part of the contract: an id is never used again for another event.
internal sealed partial class TopicServer
{
    private void LogDenied(GhmsConnection publisher, Publication publication)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Information, publisher);
        LogDenied(publisher.Id, publication.Code, PeerText.Escape(publication.Topic, TopicSyntax.MaxSize));
    }

    private void LogSubscriberTooSlow(GhmsConnection subscriber, long maxBytes)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Warning, subscriber);
        LogSubscriberTooSlow(subscriber.Id, maxBytes);
    }

    private void LogResultTooBig(GhmsConnection subscriber, int size)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Information, subscriber);
        LogResultTooBig(subscriber.Id, size);
    }

    private void LogUndelivered(Publication publication, GhmsConnection connection, Exception exception)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Information, connection);
        var count = exception is GhmsSendFailedException failed ? CountUndelivered(failed) : 1;
        LogUndelivered(connection.Id, publication.Code, PeerText.Escape(publication.Topic, TopicSyntax.MaxSize), count, PeerText.Escape(exception.Message));
    }

    [LoggerMessage(40, LogLevel.Information, "Connection {ConnectionId} may not publish a message of code {Code} to {Topic}; it is dropped.", EventName = "PublicationDenied")]
    private partial void LogDenied(string connectionId, uint code, string topic);

    [LoggerMessage(41, LogLevel.Information, "A message of code {Code} to {Topic}, handled for connection {ConnectionId}, was not delivered to {Count} subscribers: {Reason}", EventName = "PublicationUndelivered")]
    private partial void LogUndelivered(string connectionId, uint code, string topic, int count, string reason);

    [LoggerMessage(42, LogLevel.Warning, "A value is not retained, for there are {MaxRetained} or they have {MaxBytes} bytes. Further ones are only counted.", EventName = "NotRetained")]
    private partial void LogNotRetained(int maxRetained, long maxBytes);

    [LoggerMessage(43, LogLevel.Error, "A callback failed that observes the subscriptions to {Filter}.", EventName = "SubscriptionCallbackFailed")]
    private partial void LogWatcherFailed(string filter, Exception exception);

    [LoggerMessage(44, LogLevel.Warning, "Connection {ConnectionId} is too slow to take what topics retain and is closed with status 1008: more than {MaxBytes} bytes of publications wait behind that.", EventName = "SubscriberTooSlow")]
    private partial void LogSubscriberTooSlow(string connectionId, long maxBytes);

    [LoggerMessage(45, LogLevel.Information, "Connection {ConnectionId} accepts less than the answer to its filter of {Size} bytes, and does not get it.", EventName = "SubscriptionResultTooBig")]
    private partial void LogResultTooBig(string connectionId, int size);
}
