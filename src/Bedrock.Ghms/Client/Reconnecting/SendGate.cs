using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>Where a client's sends pass while there is a connection, and wait or are turned away while there is none. Safe for concurrent use.</summary>
/// <remarks>
/// The gate opens when the last of those that have waited has passed, so that nothing overtakes them. What waits has not been accepted: it is lost
/// with nobody's connection, and whoever sends it is told if it cannot be sent in the end.
/// </remarks>
/// <param name="broker">The broker, whose time-out bounds the wait.</param>
/// <param name="maxWaiting">How many may wait while there is no connection.</param>
internal sealed class SendGate(GhmsBroker broker, int maxWaiting)
{
    private readonly Lock _sync = new();
    private readonly LinkedList<WaitingSend> _waiting = [];
    private GhmsConnection? _newest;
    private GhmsConnection? _ready;
    private Task _letting = Task.CompletedTask;
    private GhmsConnectionClosedException? _closed;
    private bool _isGivenUp;

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_sync)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Whether sends may wait at all.</summary>
    public bool MayWait => maxWaiting > 0;

    /// <summary>The newest connection; it may have ended.</summary>
    public GhmsConnection? Newest => Volatile.Read(ref _newest);

    /// <summary>The connection to send on at once, if nobody is to go first.</summary>
    public GhmsConnection? Ready => Volatile.Read(ref _ready) is { IsOpen: true } ready ? ready : null;

    /// <summary>Tells that somebody makes a connection, so that it is worth waiting for one.</summary>
    public void Expect()
    {
        lock (_sync)
        {
            _isGivenUp = false;
        }
    }

    /// <summary>Lets those pass that wait, and then everybody, until the connection ends.</summary>
    public void Open(GhmsConnection connection)
    {
        lock (_sync)
        {
            Volatile.Write(ref _newest, connection);
            if (_waiting.Count == 0 && _letting.IsCompleted)
            {
                Volatile.Write(ref _ready, connection);
                return;
            }

            _letting = LetPassAsync(_letting, connection);
        }
    }

    /// <summary>Sends when there is a connection, in the caller's turn.</summary>
    /// <param name="send">Sends on the connection that is there then; completes when it has accepted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="isPatient">Whether this waits, however many do so already and however long it takes, unless nobody makes connections any more.</param>
    /// <exception cref="GhmsConnectionClosedException">There is no connection, and as many wait already as may.</exception>
    public ValueTask<T> PassAsync<T>(Func<GhmsConnection, ValueTask<T>> send, CancellationToken cancellationToken, bool isPatient = false) =>
        Ready is not { } ready ? QueueAsync(send, isPatient, cancellationToken)
        : MayWait || isPatient ? SendOrWaitAsync(ready, send, isPatient, cancellationToken)
        : send(ready);

    /// <summary>Turns away all that wait.</summary>
    /// <param name="cause">Why.</param>
    /// <param name="forGood">Whether this is so from now on.</param>
    public void TurnAway(GhmsConnectionClosedException cause, bool forGood)
    {
        WaitingSend[] waiting;
        lock (_sync)
        {
            _closed ??= forGood ? cause : null;
            _isGivenUp = true;
            waiting = [.. _waiting];
        }

        foreach (var each in waiting)
        {
            each.GiveUp(cause);
        }
    }

    private GhmsConnectionClosedException Closed() =>
        _closed is { } closed ? new GhmsConnectionClosedException(closed.Message, closed)
        : _newest is { IsOpen: false } ended ? ended.ClosedError()
        : new GhmsConnectionClosedException("The client has no connection.");

    private async ValueTask<T> SendOrWaitAsync<T>(
        GhmsConnection ready, Func<GhmsConnection, ValueTask<T>> send, bool isPatient, CancellationToken cancellationToken)
    {
        try
        {
            return await send(ready).ConfigureAwait(false);
        }
        catch (GhmsConnectionClosedException) when (!ready.IsOpen)
        {
            return await QueueAsync(send, isPatient, cancellationToken).ConfigureAwait(false);
        }
    }

    private ValueTask<T> QueueAsync<T>(Func<GhmsConnection, ValueTask<T>> send, bool isPatient, CancellationToken cancellationToken)
    {
        GhmsConnection? ready;
        WaitingSend<T>? waiting = null;
        LinkedListNode<WaitingSend>? place = null;
        lock (_sync)
        {
            ready = Ready;
            if (ready is null)
            {
                // While those that waited are let in, nobody is turned away: they wait for room then, as they would on any connection.
                if (_closed is not null || _isGivenUp || (!isPatient && _waiting.Count >= maxWaiting && _newest is not { IsOpen: true }))
                {
                    return ValueTask.FromException<T>(Closed());
                }

                waiting = new WaitingSend<T>(send);
                place = _waiting.AddLast(waiting);
            }
        }

        return ready is null ? WaitAsync(waiting!, place!, isPatient ? Timeout.InfiniteTimeSpan : broker.Options.Timeout, cancellationToken) : send(ready);
    }

    private async ValueTask<T> WaitAsync<T>(
        WaitingSend<T> waiting, LinkedListNode<WaitingSend> place, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit, broker.Time);
        using var late = deadline.Token.UnsafeRegister(
            _ => waiting.GiveUp(new TimeoutException($"There was no connection within {limit}.")), null);
        using var cancelled = cancellationToken.UnsafeRegister(
            _ => waiting.GiveUp(new OperationCanceledException(cancellationToken)), null);
        try
        {
            return await waiting.Outcome.ConfigureAwait(false);
        }
        finally
        {
            Leave(place);
        }
    }

    private async Task LetPassAsync(Task before, GhmsConnection connection)
    {
        // Nothing of this in the caller's lock.
        await Task.Yield();
        await before.ConfigureAwait(false);
        while (First(connection) is { } first)
        {
            if (!await first.Value.TrySendAsync(connection).ConfigureAwait(false))
            {
                return;
            }

            Leave(first);
        }
    }

    // Opens the gate when nobody waits any more, in one step with finding that out.
    private LinkedListNode<WaitingSend>? First(GhmsConnection connection)
    {
        lock (_sync)
        {
            if (_waiting.First is null && ReferenceEquals(_newest, connection))
            {
                Volatile.Write(ref _ready, connection);
            }

            return _waiting.First;
        }
    }

    private void Leave(LinkedListNode<WaitingSend> place)
    {
        lock (_sync)
        {
            if (place.List is not null)
            {
                _waiting.Remove(place);
            }
        }
    }
}
