using System.Collections;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Broker.Telemetry;

/// <summary>The log scope around what is logged about a connection: <c>ConnectionId</c>, <c>Broker</c> and <c>RemoteEndPoint</c>.</summary>
internal sealed class ConnectionScope : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly string _id;
    private readonly string? _broker;
    private readonly EndPoint? _remote;

    private ConnectionScope(string id, GhmsBroker? broker, EndPoint? remote)
    {
        _id = id;
        _broker = broker?.Name;
        _remote = remote;
    }

    public int Count => 3;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("ConnectionId", _id),
        1 => new("Broker", _broker),
        2 => new("RemoteEndPoint", _remote),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    /// <summary>Opens the scope, if anything at <paramref name="level"/> is written at all.</summary>
    public static IDisposable? Begin(ILogger logger, LogLevel level, GhmsConnection connection) =>
        Begin(logger, level, connection.Id, connection.Broker, connection.RemoteEndPoint);

    /// <summary>Opens the scope of one that is not upgraded, and may never be.</summary>
    /// <param name="logger">Where to.</param>
    /// <param name="level">The level of what is going to be logged.</param>
    /// <param name="id">The transport's name.</param>
    /// <param name="broker">The broker that was asked for, if that is known.</param>
    /// <param name="remote">The peer's address, if the transport knows it.</param>
    public static IDisposable? Begin(ILogger logger, LogLevel level, string id, GhmsBroker? broker, EndPoint? remote) =>
        logger.IsEnabled(level) ? logger.BeginScope(new ConnectionScope(id, broker, remote)) : null;

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"ConnectionId:{_id} Broker:{_broker} RemoteEndPoint:{_remote}");
}
