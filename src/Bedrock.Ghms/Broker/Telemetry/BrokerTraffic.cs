namespace Bedrock.Ghms.Broker.Telemetry;

/// <summary>What the brokers of one meter carry, and have carried. Brokers of one name are one series. Safe for concurrent use.</summary>
internal sealed class BrokerTraffic
{
    private readonly Lock _sync = new();
    private readonly List<RunningConnections> _brokers = [];
    private readonly Dictionary<string, Traffic> _gone = [];

    public void Add(RunningConnections connections)
    {
        lock (_sync)
        {
            _brokers.Add(connections);
        }
    }

    public void Remove(RunningConnections connections)
    {
        lock (_sync)
        {
            if (_brokers.Remove(connections))
            {
                _gone[connections.BrokerName] = _gone.GetValueOrDefault(connections.BrokerName) + connections.Traffic;
            }
        }
    }

    public Dictionary<string, Traffic> ByName()
    {
        lock (_sync)
        {
            var traffic = new Dictionary<string, Traffic>(_gone);
            foreach (var broker in _brokers)
            {
                traffic[broker.BrokerName] = traffic.GetValueOrDefault(broker.BrokerName) + broker.Traffic;
            }

            return traffic;
        }
    }

    public GhmsConnection[] Connections()
    {
        lock (_sync)
        {
            return [.. _brokers.SelectMany(broker => broker.Snapshot())];
        }
    }
}
