namespace Bedrock.Ghms.Client.Hosting;

/// <summary>A client, and since when it has had no connection. Safe for concurrent use.</summary>
internal sealed class ClientWatch : IAsyncDisposable
{
    private readonly Lock _sync = new();
    private long _since;
    private Exception? _cause;

    public ClientWatch(GhmsClient client)
    {
        Client = client;
        _since = client.Broker.Time.GetTimestamp();
        client.StateChanged += OnStateChanged;
    }

    public GhmsClient Client { get; }

    /// <summary>For how long there has been no connection, and why the last attempt failed; meaningless while there is one.</summary>
    public (TimeSpan Time, Exception? Cause) Absence
    {
        get
        {
            lock (_sync)
            {
                return (Client.Broker.Time.GetElapsedTime(_since), _cause);
            }
        }
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    private void OnStateChanged(object? sender, GhmsClientStateChange change)
    {
        lock (_sync)
        {
            if (change.Old == GhmsClientState.Connected)
            {
                _since = Client.Broker.Time.GetTimestamp();
            }

            _cause = change.Cause ?? _cause;
        }
    }
}
