using System.Collections;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Broker.Telemetry;

/// <summary>The log scope around what is logged about a connection: <c>ConnectionId</c>, <c>Broker</c> and <c>RemoteEndPoint</c>.</summary>
internal sealed class ConnectionScope : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly string _id;
    private readonly string _broker;
    private readonly EndPoint? _remote;

    private ConnectionScope(GhmsConnection connection)
    {
        _id = connection.Id;
        _broker = connection.Broker.Name;
        _remote = connection.RemoteEndPoint;
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
        logger.IsEnabled(level) ? logger.BeginScope(new ConnectionScope(connection)) : null;

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
