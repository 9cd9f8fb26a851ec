using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Requests.Wire;

namespace Bedrock.Ghms.Requests.Answering;

internal sealed partial class AnswerScope
{
    private readonly MessageSender _sendReply;
    private readonly MessageSender _sendItem;
    private readonly Reply _reply = new();
    private readonly Item _item = new();
    private bool _isReplySent;
    private bool _isTooBig;

    // Under the lock of the table.
    private TaskCompletionSource? _creditAwaited;
    private long _credit;
    private bool _isSendingItem;

    /// <summary>Answers with one reply, through the sender pipes.</summary>
    public ValueTask ReplyAsync(object? reply, CancellationToken cancellationToken)
    {
        if (reply is null)
        {
            throw new InvalidOperationException("The request's handler returned null.");
        }

        var sending = _sendReply(reply, Recipients.Exactly(_exchange.Connection), cancellationToken);
        return Ignore(sending);
    }

    /// <summary>Sends one item of a stream, through the sender pipes, when there is credit for it.</summary>
    /// <exception cref="OperationCanceledException">Nobody waits for items any more.</exception>
    public ValueTask SendItemAsync(object? item, CancellationToken cancellationToken)
    {
        if (item is null)
        {
            throw new InvalidOperationException("The request's handler yielded null.");
        }

        var sending = _sendItem(item, Recipients.Exactly(_exchange.Connection), cancellationToken);
        return Ignore(sending);
    }

    /// <summary>Ends the answer that is a stream. There is nothing inside, and so nothing for the pipes behind this one to see.</summary>
    public ValueTask EndStreamAsync(CancellationToken cancellationToken) => Ignore(SendReplyAsync(message: null, cancellationToken));

    /// <summary>Adds room for items. Under the lock of the table.</summary>
    public void AddCredit(uint count)
    {
        _credit = Math.Min(_credit + count, uint.MaxValue);
        if (_credit > 0)
        {
            _creditAwaited?.TrySetResult();
            _creditAwaited = null;
        }
    }

    /// <summary>See <see cref="Answers.BeginItem"/>.</summary>
    public Task? BeginItem()
    {
        if (IsAnswered)
        {
            throw new OperationCanceledException(_stop.Token);
        }

        if (_credit == 0)
        {
            return (_creditAwaited ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        _credit--;
        _isSendingItem = true;
        return null;
    }

    /// <summary>See <see cref="Answers.OnItemSent"/>.</summary>
    /// <returns>Whether the request was cancelled meanwhile, so that its Fault is due now.</returns>
    public bool EndItem()
    {
        _isSendingItem = false;
        return IsAnswered;
    }

    private static ValueTask Ignore(ValueTask<int> sending)
    {
        if (!sending.IsCompletedSuccessfully)
        {
            return new ValueTask(sending.AsTask());
        }

        sending.GetAwaiter().GetResult();
        return ValueTask.CompletedTask;
    }

    // The ends of the sender pipes. Whom a pipe has chosen does not matter: an answer goes to who asked.
    private ValueTask<int> WrapReplyAsync(object message, Recipients recipients, CancellationToken cancellationToken) =>
        SendReplyAsync(message, cancellationToken);

    private ValueTask<int> SendReplyAsync(object? message, CancellationToken cancellationToken)
    {
        if (!_exchange.Answers.TryClaim(this))
        {
            // Cancelled: its Fault is on its way.
            return new ValueTask<int>(0);
        }

        _reply.Id = Id;
        _reply.Message = message;
        try
        {
            var sending = _exchange.SendAsync(_reply, cancellationToken);
            if (!sending.IsCompletedSuccessfully)
            {
                return SendReplySlowAsync(sending);
            }

            _isReplySent = true;
            return sending;
        }
        catch (Exception exception)
        {
            OnNotSent(exception);
            throw;
        }
    }

    private async ValueTask<int> SendReplySlowAsync(ValueTask<int> sending)
    {
        try
        {
            var sent = await sending.ConfigureAwait(false);
            _isReplySent = true;
            return sent;
        }
        catch (Exception exception)
        {
            OnNotSent(exception);
            throw;
        }
    }

    // The right to answer is given back, so that a Fault can take the reply's place.
    private void OnNotSent(Exception exception)
    {
        _isTooBig = exception is GhmsMessageTooLargeException;
        IsAnswered = false;
    }

    private async ValueTask<int> WrapItemAsync(object message, Recipients recipients, CancellationToken cancellationToken)
    {
        while (_exchange.Answers.BeginItem(this) is { } credit)
        {
            await credit.ConfigureAwait(false);
        }

        try
        {
            _item.Id = Id;
            _item.Message = message;
            return await _exchange.SendAsync(_item, cancellationToken).ConfigureAwait(false);
        }
        catch (GhmsMessageTooLargeException)
        {
            _isTooBig = true;
            throw;
        }
        finally
        {
            _exchange.Answers.OnItemSent(this);
        }
    }
}
