using System.Net;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Protocol.Framing;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Broker;

// Event ids are part of the contract: an id is never used again for another event. What is about a connection is logged in its scope.
public sealed partial class GhmsBroker
{
    internal void LogClosedByPeer(GhmsConnection connection, CloseMessage close)
    {
        using var scope = ScopeOf(connection, LogLevel.Debug);
        LogClosedByPeer(connection.Id, (int)close.Status, PeerText.Escape(close.Reason, CloseMessage.MaxReasonSize));
    }

    internal void LogViolation(GhmsConnection connection, GhmsProtocolException violation)
    {
        using var scope = ScopeOf(connection, LogLevel.Information);
        LogViolation(connection.Id, (int)violation.Status, violation.Message, violation.Cause is null ? "" : PeerText.Escape(violation.Cause.Message));
    }

    internal void LogHandlerFailed(GhmsConnection connection, Exception exception)
    {
        using var scope = ScopeOf(connection, LogLevel.Error);
        LogHandlerFailed(connection.Id, exception);
    }

    internal void LogTooSlow(GhmsConnection connection, string reason, long dropped)
    {
        using var scope = ScopeOf(connection, LogLevel.Warning);
        LogTooSlow(connection.Id, reason, dropped);
    }

    internal void LogDropping(GhmsConnection connection)
    {
        using var scope = ScopeOf(connection, LogLevel.Warning);
        LogDropping(connection.Id);
    }

    internal void LogCaughtUp(GhmsConnection connection, int dropped)
    {
        using var scope = ScopeOf(connection, LogLevel.Information);
        LogCaughtUp(connection.Id, dropped);
    }

    internal void LogLost(GhmsConnection connection, Exception? exception)
    {
        using var scope = ScopeOf(connection, LogLevel.Debug);
        LogLost(connection.Id, exception);
    }

    internal void LogIdle(GhmsConnection connection, TimeSpan timeout)
    {
        using var scope = ScopeOf(connection, LogLevel.Information);
        LogIdle(connection.Id, timeout);
    }

    internal void LogTrickle(GhmsConnection connection, long bytes)
    {
        using var scope = ScopeOf(connection, LogLevel.Information);
        LogTrickle(connection.Id, bytes);
    }

    internal void LogLookAheadFull(GhmsConnection connection, int bytes)
    {
        using var scope = ScopeOf(connection, LogLevel.Warning);
        LogLookAheadFull(connection.Id, bytes);
    }

    private void LogAdmissionFailed(AdmissionContext request, Exception exception)
    {
        using var scope = ScopeOf(request, LogLevel.Error);
        LogAdmissionFailed(request.ConnectionId, exception);
    }

    private void LogAdmissionTimeout(AdmissionContext request)
    {
        using var scope = ScopeOf(request, LogLevel.Warning);
        LogAdmissionTimeout(request.ConnectionId, Options.Upgrade.AdmissionTimeout);
    }

    private void LogConnected(GhmsConnection connection)
    {
        using var scope = ScopeOf(connection, LogLevel.Debug);
        LogConnected(connection.Id, connection.RemoteEndPoint, connection.Encoding);
    }

    private void LogDisconnected(GhmsConnection connection)
    {
        using var scope = ScopeOf(connection, LogLevel.Debug);
        LogDisconnected(connection.Id, connection.End?.Cause, (int?)connection.End?.Status, connection.DroppedMessages);
    }

    private void LogDisconnectedFailed(GhmsConnection connection, Exception exception)
    {
        using var scope = ScopeOf(connection, LogLevel.Error);
        LogDisconnectedFailed(connection.Id, exception);
    }

    private IDisposable? ScopeOf(GhmsConnection connection, LogLevel level) => ConnectionScope.Begin(_logger, level, connection);

    private IDisposable? ScopeOf(AdmissionContext request, LogLevel level) =>
        ConnectionScope.Begin(_logger, level, request.ConnectionId, this, request.RemoteEndPoint);

    [LoggerMessage(1, LogLevel.Debug, "Connection {ConnectionId} from {RemoteEndPoint} speaks {Encoding}.", EventName = "Connected")]
    private partial void LogConnected(string connectionId, EndPoint? remoteEndPoint, string encoding);

    [LoggerMessage(2, LogLevel.Debug, "Connection {ConnectionId} is done: {Cause}, status {Status}, {Dropped} messages dropped.", EventName = "Disconnected")]
    private partial void LogDisconnected(string connectionId, ConnectionEndCause? cause, int? status, long dropped);

    [LoggerMessage(3, LogLevel.Debug, "Connection {ConnectionId} was closed by its peer with status {Status}: {Reason}", EventName = "ClosedByPeer")]
    private partial void LogClosedByPeer(string connectionId, int status, string reason);

    [LoggerMessage(4, LogLevel.Information, "Connection {ConnectionId} broke the protocol and is closed with status {Status}: {Reason} {Detail}", EventName = "ProtocolViolation")]
    private partial void LogViolation(string connectionId, int status, string reason, string detail);

    [LoggerMessage(5, LogLevel.Error, "A handler failed; connection {ConnectionId} is closed with status 1011.", EventName = "HandlerFailed")]
    private partial void LogHandlerFailed(string connectionId, Exception exception);

    [LoggerMessage(6, LogLevel.Warning, "Connection {ConnectionId} is too slow and is closed with status 1008: {Reason}; {Dropped} messages dropped.", EventName = "TooSlow")]
    private partial void LogTooSlow(string connectionId, string reason, long dropped);

    [LoggerMessage(7, LogLevel.Debug, "Connection {ConnectionId} was lost.", EventName = "Lost")]
    private partial void LogLost(string connectionId, Exception? exception);

    [LoggerMessage(8, LogLevel.Information, "Connection {ConnectionId} said nothing for {Timeout} and is closed with status 1001.", EventName = "Idle")]
    private partial void LogIdle(string connectionId, TimeSpan timeout);

    [LoggerMessage(9, LogLevel.Information, "Connection {ConnectionId} sends a message too slowly, {Bytes} bytes so far, and is closed with status 1008.", EventName = "Trickle")]
    private partial void LogTrickle(string connectionId, long bytes);

    [LoggerMessage(10, LogLevel.Warning, "A {MessageType} arrived and has no handler. Further ones are only counted.", EventName = "Unhandled")]
    private partial void LogUnhandled(Type messageType);

    [LoggerMessage(11, LogLevel.Error, "A disconnected callback failed for connection {ConnectionId}.", EventName = "DisconnectedFailed")]
    private partial void LogDisconnectedFailed(string connectionId, Exception exception);

    [LoggerMessage(12, LogLevel.Warning, "Connection {ConnectionId} waits for a pending handler: {Bytes} bytes are read ahead and no more fit, so answers behind them cannot be seen.", EventName = "LookAheadFull")]
    private partial void LogLookAheadFull(string connectionId, int bytes);

    [LoggerMessage(13, LogLevel.Debug, "Connection {ConnectionId} was refused with {Status}: {Reason}", EventName = "UpgradeRefused")]
    private partial void LogUpgradeRefused(string connectionId, int status, string reason);

    [LoggerMessage(14, LogLevel.Debug, "Connection {ConnectionId} failed before it was upgraded.", EventName = "UpgradeFailed")]
    private partial void LogUpgradeFailed(string connectionId, Exception exception);

    [LoggerMessage(15, LogLevel.Warning, "Connection {ConnectionId} is closed without an answer: there are too many unfinished upgrades.", EventName = "TooManyUpgrades")]
    private partial void LogTooManyUpgrades(string connectionId);

    [LoggerMessage(16, LogLevel.Error, "A check of the upgrade request of connection {ConnectionId} failed.", EventName = "AdmissionFailed")]
    private partial void LogAdmissionFailed(string connectionId, Exception exception);

    [LoggerMessage(17, LogLevel.Warning, "Connection {ConnectionId} is refused: its upgrade request could not be checked within {Timeout}.", EventName = "AdmissionTimeout")]
    private partial void LogAdmissionTimeout(string connectionId, TimeSpan timeout);

    [LoggerMessage(20, LogLevel.Warning, "Connection {ConnectionId} is slow: messages of types that may be dropped are dropped, and counted, until it has caught up.", EventName = "Dropping")]
    private partial void LogDropping(string connectionId);

    [LoggerMessage(21, LogLevel.Information, "Connection {ConnectionId} has caught up; {Dropped} messages were dropped meanwhile.", EventName = "CaughtUp")]
    private partial void LogCaughtUp(string connectionId, int dropped);
}
