namespace Bedrock.Ghms.Client.Hosting;

/// <summary>A client, what it is doing, and since when it has had no connection. Safe for concurrent use.</summary>
/// <remarks>All of it is as the client has told. Its own <see cref="GhmsClient.State"/> may be a step ahead, and then does not fit the time and the cause.</remarks>
internal sealed class ClientWatch : IAsyncDisposable
{
    private readonly Lock _sync = new();
    private GhmsClientState _state;
    private long _since;
    private Exception? _cause;

    public ClientWatch(GhmsClient client)
    {
        Client = client;
        _state = client.State;
        _since = client.Broker.Time.GetTimestamp();
        client.StateChanged += OnStateChanged;
    }

    public GhmsClient Client { get; }

    /// <summary>What the client is doing; for how long there has been no connection, and why the last attempt failed, both meaningless while there is one.</summary>
    public (GhmsClientState State, TimeSpan Absence, Exception? Cause) Now
    {
        get
        {
            lock (_sync)
            {
                // With a connection neither time nor cause matters.
                var state = Client.State == GhmsClientState.Connected ? GhmsClientState.Connected : _state;
                return (state, Client.Broker.Time.GetElapsedTime(_since), _cause);
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

            _state = change.New;
            _cause = change.Cause ?? _cause;
        }
    }
}
