using Bedrock.Ghms.Protocol;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Client.Reconnecting;

// Event ids are part of the contract: an id is never used again for another event.
internal sealed partial class ConnectionKeeper
{
    private static string Describe(Exception exception) => PeerText.Escape($"{exception.GetType().Name}: {exception.Message}");

    [LoggerMessage(70, LogLevel.Debug, "An attempt to connect to {Server} begins.", EventName = "ClientConnecting")]
    private partial void LogConnecting(string server);

    [LoggerMessage(71, LogLevel.Information, "Connected to {Server}; the connection is {ConnectionId}.", EventName = "ClientConnected")]
    private partial void LogConnected(string server, string connectionId);

    [LoggerMessage(72, LogLevel.Warning, "No connection to {Server}: {Reason}", EventName = "ClientAttemptFailed")]
    private partial void LogFailed(string server, string reason);

    [LoggerMessage(73, LogLevel.Warning, "Connection {ConnectionId} to {Server} is to be made anew: {Reason}", EventName = "ClientConnectionLost")]
    private partial void LogLost(string connectionId, string server, string reason);

    [LoggerMessage(74, LogLevel.Debug, "The next attempt begins in {Wait}.", EventName = "ClientWaiting")]
    private partial void LogWaiting(TimeSpan wait);

    [LoggerMessage(75, LogLevel.Debug, "No attempt at {Server}: the header fields are still those that it has refused.", EventName = "ClientHeldBack")]
    private partial void LogHeldBack(string server);

    [LoggerMessage(76, LogLevel.Error, "The client has given up connecting: {Reason}", EventName = "ClientGaveUp")]
    private partial void LogGaveUp(string reason);
}
