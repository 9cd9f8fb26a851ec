using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Requests.Wire;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Requests;

// Event ids are part of the contract: an id is never used again for another event.
internal sealed partial class RequestPipe
{
    public void LogAnswerFailed(GhmsConnection connection, Exception exception)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Error, connection);
        LogAnswerFailed(connection.Id, exception);
    }

    public void LogRefused(GhmsConnection connection, GhmsProtocolException refusal)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Information, connection);
        LogRefused(connection.Id, (int)refusal.Status, refusal.Message, refusal.Cause is null ? "" : PeerText.Escape(refusal.Cause.Message));
    }

    public void LogNotSent(GhmsConnection connection, RequestMessage message, Exception exception)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Warning, connection);
        LogNotSent(message.GetType().Name, connection.Id, exception);
    }

    [LoggerMessage(30, LogLevel.Error, "The handler of a request from connection {ConnectionId} failed; it is answered with status 1011.", EventName = "AnswerFailed")]
    private partial void LogAnswerFailed(string connectionId, Exception exception);

    [LoggerMessage(31, LogLevel.Information, "A request from connection {ConnectionId} is refused with status {Status}: {Reason} {Detail}", EventName = "RequestRefused")]
    private partial void LogRefused(string connectionId, int status, string reason, string detail);

    [LoggerMessage(32, LogLevel.Warning, "A {Message} could not be sent to connection {ConnectionId}.", EventName = "RequestMessageNotSent")]
    private partial void LogNotSent(string message, string connectionId, Exception exception);
}
