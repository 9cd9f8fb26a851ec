using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests.Wire;

namespace Bedrock.Ghms.Requests.Answering;

/// <summary>One request of the peer, from its arrival until its handler is done.</summary>
/// <remarks>
/// The request's message goes through the handler pipes to <see cref="AnswerAsync"/>, each answer through the sender pipes to where it is wrapped. These
/// ways are bound to this object and made once, which is why it is pooled; but only after a request for which all went well, for
/// else a pipe may still hold on to one of them. How it sends stands in a file of its own.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no wait handle: there is nothing to dispose.")]
internal sealed partial class AnswerScope
{
    private readonly RequestPipe _pipe;
    private readonly MessageHandler _handle;
    private readonly Action _onHandled;
    private ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter _handling;
    private Exchange _exchange = null!;
    private CancellationTokenSource _stop = new();
    private bool _isHandled;

    public AnswerScope(RequestPipe pipe)
    {
        _pipe = pipe;
        _handle = pipe.Context.ChainHandlers(AnswerAsync);
        _onHandled = OnHandled;
        _sendReply = pipe.Context.ChainSenders(WrapReplyAsync);
        _sendItem = pipe.Context.ChainSenders(WrapItemAsync);
    }

    public ulong Id { get; private set; }

    /// <summary>Whether the right to answer is taken. Under the lock of <see cref="Answers"/>.</summary>
    public bool IsAnswered { get; set; }

    public void Begin(Exchange exchange, ulong id)
    {
        _exchange = exchange;
        Id = id;
        IsAnswered = false;
        _isHandled = false;
        _isTooBig = false;
        _isReplySent = false;
        _credit = Credit.AtStart;
    }

    /// <summary>Runs the request; the synchronous part of its handler runs at once. Never fails.</summary>
    public void Run(object message)
    {
        ValueTask handling;
        try
        {
            handling = RequestTrace.IsOn(_exchange.Connection)
                ? RequestTrace.HandleAsync(_handle, _exchange.Connection, message, _stop.Token)
                : _handle(_exchange.Connection, message, _stop.Token);
        }
        catch (Exception exception)
        {
            FinishAtOnce(exception);
            return;
        }

        if (handling.IsCompletedSuccessfully)
        {
            handling.GetAwaiter().GetResult();
            FinishAtOnce(failure: null);
        }
        else
        {
            _exchange.Answers.GoOnBeside(this);
            _handling = handling.ConfigureAwait(false).GetAwaiter();
            _handling.UnsafeOnCompleted(_onHandled);
        }
    }

    /// <summary>Stops the handler. Under the lock of <see cref="Answers"/>, which has taken this out of its table.</summary>
    /// <returns>Whether an answer may go out at once; else it follows the item that is being sent.</returns>
    public bool Cancel()
    {
        IsAnswered = true;

        // The application's callbacks run elsewhere: this is the read loop, and it holds a lock.
        _ = _stop.CancelAsync();
        _creditAwaited?.TrySetResult();
        return !_isSendingItem;
    }

    private void OnHandled()
    {
        Exception? failure = null;
        try
        {
            _handling.GetResult();
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        _handling = default;
        var isReusable = Finish(failure);
        _exchange.Answers.OnDoneBeside();
        if (isReusable)
        {
            _pipe.Scopes.Return(this);
        }
    }

    // The end of the handler pipes.
    private ValueTask AnswerAsync(GhmsConnection connection, object message, CancellationToken cancellationToken)
    {
        var answering = _pipe.AnswererOf(message.GetType()).AnswerAsync(this, connection, message, cancellationToken);
        if (!answering.IsCompletedSuccessfully)
        {
            return AnswerSlowAsync(answering);
        }

        _isHandled = true;
        return answering;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AnswerSlowAsync(ValueTask answering)
    {
        await answering.ConfigureAwait(false);
        _isHandled = true;
    }

    private void FinishAtOnce(Exception? failure) => _exchange.Answers.OnDoneAtOnce(Finish(failure) ? this : null);

    /// <summary>Answers with a Fault if there is no answer yet.</summary>
    /// <returns>Whether this can serve another request.</returns>
    private bool Finish(Exception? failure)
    {
        if (!IsAnswered && _exchange.Answers.TryClaim(this))
        {
            var (status, text) = Judge(failure);
            _exchange.Answers.PostFault(Id, status, text);
        }

        if (failure is GhmsProtocolException refusal)
        {
            _pipe.LogRefused(_exchange.Connection, refusal);
        }
        else if (failure is not null && !_isTooBig && !_stop.IsCancellationRequested && _exchange.Connection.IsOpen)
        {
            _pipe.LogAnswerFailed(_exchange.Connection, failure);
        }

        if (failure is not null || !_isHandled || !_isReplySent || !_stop.TryReset())
        {
            return false;
        }

        _reply.Clear();
        _item.Clear();
        return true;
    }

    private (CloseStatus Status, string Text) Judge(Exception? failure) => failure switch
    {
        null => (CloseStatus.PolicyViolation, "Refused."),
        GhmsProtocolException refusal => (refusal.Status, refusal.Message),
        GhmsMessageTooLargeException when _isTooBig => (CloseStatus.MessageTooBig, "The answer is too big."),
        _ => (CloseStatus.HandlerFailed, _pipe.Options.ShowErrors ? failure.Message : "The request's handler failed."),
    };
}
