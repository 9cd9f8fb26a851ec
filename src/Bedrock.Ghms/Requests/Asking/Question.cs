using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests.Wire;

namespace Bedrock.Ghms.Requests.Asking;

/// <summary>One request that was asked here, from its sending to its outcome.</summary>
/// <remarks>
/// Its message goes through the sender pipes before it is wrapped, and what answers it through the handler pipes after it was opened. Both ways
/// are bound to this object and made once, which is why it is pooled: it goes back when the last of those that hold a reference lets go.
/// </remarks>
internal abstract class Question
{
    private readonly MessageSender _send;
    private readonly MessageHandler _receive;
    private readonly Request _request = new();
    private int _references;
    private bool _isSent;
    private bool _isWaiting;

    protected Question(RequestPipe pipe)
    {
        Pipe = pipe;
        _send = pipe.Context.ChainSenders(WrapAsync);
        _receive = pipe.Context.ChainHandlers(TakeAsync);
    }

    /// <summary>Given by <see cref="Questions.Add"/>.</summary>
    public ulong Id { get; set; }

    protected RequestPipe Pipe { get; }

    protected Exchange Exchange { get; private set; } = null!;

    protected bool IsOpen => Exchange.Questions.Contains(this);

    public void Retain() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            _request.Clear();
            Recycle();
        }
    }

    /// <summary>Whether its time is over.</summary>
    public abstract bool IsLate(long now);

    public abstract void OnReply(Reply reply);

    public abstract void OnItem(Item item);

    /// <summary>The peer says that there will be no answer.</summary>
    public virtual void OnFault(Exception exception) => Fail(exception);

    /// <summary>Completes it with <paramref name="exception"/>, if it is still open.</summary>
    /// <returns>Whether it was.</returns>
    public bool Fail(Exception exception)
    {
        if (!Exchange.Questions.TryRemove(this))
        {
            return false;
        }

        SetFailed(exception);
        return true;
    }

    /// <summary>Completes it with <paramref name="exception"/>, if it is still open, and tells the peer that nobody waits any more.</summary>
    public void GiveUp(Exception exception)
    {
        var cancel = new Cancel { Id = Id };
        var isSent = Volatile.Read(ref _isSent);
        if (Fail(exception) && isSent)
        {
            Exchange.Post(cancel);
        }
    }

    /// <summary>Fails it because there will be no answer. One that still waits for room is not failed here: the outcome of that tells whether it has been sent.</summary>
    public void OnConnectionEnded()
    {
        if (!Volatile.Read(ref _isWaiting))
        {
            Fail(Ended(mayHaveBeenReceived: Volatile.Read(ref _isSent)));
        }
    }

    /// <summary>Begins it; the caller holds the first reference.</summary>
    protected void Begin(Exchange exchange)
    {
        Exchange = exchange;
        _isSent = false;
        _isWaiting = false;
        _references = 1;
    }

    /// <summary>Sends it; a failure shows in its outcome.</summary>
    protected void Send(object message, CancellationToken cancellationToken)
    {
        Retain();
        ValueTask<int> sending;
        try
        {
            sending = _send(message, Recipients.Exactly(Exchange.Connection), cancellationToken);
        }
        catch (Exception exception)
        {
            sending = ValueTask.FromException<int>(exception);
        }

        // One that has waited, for however short a time, has been passed over by the connection's end.
        if (sending.IsCompletedSuccessfully && !Volatile.Read(ref _isWaiting))
        {
            sending.GetAwaiter().GetResult();
            OnSent();
        }
        else
        {
            SendSlowAsync(sending);
        }
    }

    /// <summary>Runs what is inside an answer through the handler pipes; <see cref="Take"/> is their end.</summary>
    /// <returns>Completes, never with a failure, when they are done with it.</returns>
    protected Task Receive(object message)
    {
        Retain();
        ValueTask receiving;
        try
        {
            receiving = _receive(Exchange.Connection, message, Exchange.Connection.Closed);
        }
        catch (Exception exception)
        {
            receiving = ValueTask.FromException(exception);
        }

        if (!receiving.IsCompletedSuccessfully)
        {
            return ReceiveSlowAsync(receiving);
        }

        receiving.GetAwaiter().GetResult();
        OnReceived();
        Release();
        return Task.CompletedTask;
    }

    protected abstract void Take(object message);

    /// <summary>The handler pipes are done with an answer, which <see cref="Take"/> has been given unless one of them took it away.</summary>
    protected abstract void OnReceived();

    /// <summary>A handler pipe has failed with an answer.</summary>
    protected abstract void OnReceiveFailed(Exception exception);

    protected abstract void SetFailed(Exception exception);

    protected virtual void Recycle()
    {
    }

    protected static GhmsRequestException SwallowedAnswer() => new(CloseStatus.PolicyViolation, "A pipe of this side took the answer away.");

    private GhmsRequestException Ended(bool mayHaveBeenReceived) =>
        new(CloseStatus.GoingAway, "The connection ended before there was an answer.", Exchange.Connection.ClosedError()) { MayHaveBeenReceived = mayHaveBeenReceived };

    private ValueTask<int> WrapAsync(object message, Recipients recipients, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _isSent))
        {
            throw new InvalidOperationException("A request is sent once; a pipe has sent it again.");
        }

        if (!IsOpen)
        {
            // It was given up while a pipe had it.
            return new ValueTask<int>(0);
        }

        Volatile.Write(ref _isSent, true);
        _request.Id = Id;
        _request.Message = message;
        var sending = Exchange.SendAsync(_request, cancellationToken);
        Volatile.Write(ref _isWaiting, !sending.IsCompleted);
        return sending;
    }

    private async void SendSlowAsync(ValueTask<int> sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            var hasWaited = Volatile.Read(ref _isWaiting);
            Fail(hasWaited && exception is GhmsConnectionClosedException ? Ended(mayHaveBeenReceived: false) : exception);
            Release();
            return;
        }

        Volatile.Write(ref _isWaiting, false);
        if (Exchange.Questions.IsOver)
        {
            // The connection has taken it and ended before it was known here.
            Fail(Ended(mayHaveBeenReceived: Volatile.Read(ref _isSent)));
        }

        OnSent();
    }

    private void OnSent()
    {
        if (!Volatile.Read(ref _isSent))
        {
            Fail(new GhmsRequestException(CloseStatus.PolicyViolation, "A pipe of this side took the request away.") { MayHaveBeenReceived = false });
        }

        Release();
    }

    private ValueTask TakeAsync(GhmsConnection connection, object message, CancellationToken cancellationToken)
    {
        Take(message);
        return ValueTask.CompletedTask;
    }

    private async Task ReceiveSlowAsync(ValueTask receiving)
    {
        try
        {
            await receiving.ConfigureAwait(false);
            OnReceived();
        }
        catch (Exception exception)
        {
            OnReceiveFailed(exception);
        }

        Release();
    }
}
