namespace Bedrock.Ghms.Broker;

/// <summary>The connections of a broker that are not done with yet, and what all those before them have carried. Safe for concurrent use.</summary>
/// <remarks>When none is left it holds on to nothing of the broker, so that metrics may keep it.</remarks>
/// <param name="brokerName">What the broker is called.</param>
internal sealed class RunningConnections(string brokerName)
{
    private readonly Lock _sync = new();
    private readonly HashSet<GhmsConnection> _running = [];
    private Traffic _before;

    public string BrokerName { get; } = brokerName;

    /// <summary>What all connections, past and present, have carried.</summary>
    public Traffic Traffic
    {
        get
        {
            lock (_sync)
            {
                var traffic = _before;
                foreach (var connection in _running)
                {
                    traffic += connection.Traffic;
                }

                return traffic;
            }
        }
    }

    public void Add(GhmsConnection connection)
    {
        lock (_sync)
        {
            _running.Add(connection);
        }
    }

    public void Remove(GhmsConnection connection)
    {
        lock (_sync)
        {
            _running.Remove(connection);
            _before += connection.Traffic;
        }
    }

    public GhmsConnection[] Snapshot()
    {
        lock (_sync)
        {
            return [.. _running];
        }
    }
}
