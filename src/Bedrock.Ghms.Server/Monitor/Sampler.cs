using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Topics;
using Bedrock.Ghms.Topics.Serving;

namespace Bedrock.Ghms.Server.Monitor;

/// <summary>Takes snapshots for whoever looks, and rates by comparing each with the one before. Safe for concurrent use.</summary>
/// <remarks>Nothing runs between requests. However many look, connections are gone through twice a second at most.</remarks>
internal sealed class Sampler(GhmsBrokers brokers, TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    // An average over more than this tells nothing about now.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    private readonly Lock _sync = new();
    private Dictionary<object, Traffic> _before = [];
    private MonitorSnapshot? _last;
    private long _takenAt;

    public MonitorSnapshot Take()
    {
        lock (_sync)
        {
            var now = time.GetTimestamp();
            var elapsed = time.GetElapsedTime(_takenAt, now);
            if (_last is not null && elapsed < Shortest)
            {
                return _last;
            }

            var before = _last is null || elapsed > Longest ? [] : _before;
            _before = [];
            _takenAt = now;
            return _last = new MonitorSnapshot(time.GetUtcNow(), [.. brokers.All.Select(broker => Look(broker, before, elapsed.TotalSeconds))]);
        }
    }

    private BrokerSnapshot Look(GhmsBroker broker, Dictionary<object, Traffic> before, double seconds)
    {
        var connections = broker.Connections;
        var stats = broker.GetStats();
        var traffic = broker.Traffic;
        return new BrokerSnapshot
        {
            Name = broker.Name,
            IsClosed = broker.IsClosed,
            ConnectionCount = connections.Count,
            MaxConnections = broker.Options.MaxConnections,
            PendingBytes = connections.Sum(connection => connection.PendingBytes),
            OverSoftLimit = connections.Count(connection => connection.IsOverSoftLimit),
            SoftLimit = broker.Options.Outbound.SoftLimit,
            Total = TrafficCounts.Of(traffic),
            Rate = RateOf(broker, traffic, before, seconds),
            Dropped = stats.Dropped,
            Unhandled = stats.Unhandled,
            Topics = broker.FindPipe<TopicServer>() is null ? null : broker.GetTopicStats(),
            Connections = [.. connections.Select(connection => Look(connection, before, seconds))],
            Found = connections.Count,
        };
    }

    private ConnectionSnapshot Look(GhmsConnection connection, Dictionary<object, Traffic> before, double seconds)
    {
        var traffic = connection.Traffic;
        return new ConnectionSnapshot
        {
            Id = connection.Id,
            Remote = connection.RemoteEndPoint?.ToString(),
            Path = connection.Path,
            Encoding = connection.Encoding,
            User = connection.User?.Identity?.Name,
            PendingBytes = connection.PendingBytes,
            Dropped = connection.DroppedMessages,
            Total = TrafficCounts.Of(traffic),
            Rate = RateOf(connection, traffic, before, seconds),
        };
    }

    private TrafficCounts? RateOf(object key, in Traffic traffic, Dictionary<object, Traffic> before, double seconds)
    {
        // By number: a connection that has gone is not to be kept for it.
        key = key is GhmsConnection connection ? connection.Number : key;
        _before[key] = traffic;
        return before.TryGetValue(key, out var earlier) ? TrafficCounts.Rate(earlier, traffic, seconds) : null;
    }
}
