using System.Threading.Tasks.Sources;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests.Wire;

namespace Bedrock.Ghms.Requests.Asking;

/// <summary>A request for one reply. Pooled.</summary>
internal sealed class SingleQuestion : Question, IValueTaskSource<object>
{
    // The asker goes on elsewhere: what it does next must not hold up the read loop.
    private ManualResetValueTaskSourceCore<object> _outcome = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private long _askedAt;

    public SingleQuestion(RequestPipe pipe)
        : base(pipe)
    {
    }

    /// <summary>Asks; call <see cref="Finish"/> when the outcome has been taken, also when this fails.</summary>
    /// <exception cref="GhmsConnectionClosedException">The connection has ended; nothing was sent.</exception>
    public ValueTask<object> AskAsync(Exchange exchange, object message, CancellationToken cancellationToken)
    {
        _outcome.Reset();
        _askedAt = Pipe.Context.Time.GetTimestamp();
        _cancellationToken = cancellationToken;
        Begin(exchange);
        exchange.Questions.Add(this);
        _registration = cancellationToken.UnsafeRegister(static question => ((SingleQuestion)question!).OnCancelled(), this);
        Send(message, cancellationToken);
        return new ValueTask<object>(this, _outcome.Version);
    }

    /// <summary>Lets go of it; the pool takes it when nobody else holds it.</summary>
    public void Finish()
    {
        // Waits for a callback that runs right now, and so it never meets this object's next question.
        _registration.Dispose();
        _registration = default;
        Release();
    }

    public override bool IsLate(long now) => Pipe.Clock.IsLate(_askedAt, now);

    public override void OnReply(Reply reply)
    {
        if (reply.Problem is { } problem)
        {
            Fail(new GhmsRequestException(problem.Status, problem.Message, problem.Cause));
        }
        else if (reply.Message is { } message)
        {
            // Not what a pipe takes its time over holds the loop up, nor is it waited for.
            _ = Receive(message);
        }
        else
        {
            Fail(new GhmsRequestException(CloseStatus.UnknownMessageCode, "The answer is an empty stream where one reply was asked for: use StreamAsync."));
        }
    }

    public override void OnItem(Item item) =>
        GiveUp(new GhmsRequestException(CloseStatus.UnknownMessageCode, "The answer is a stream where one reply was asked for: use StreamAsync."));

    object IValueTaskSource<object>.GetResult(short token) => _outcome.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<object>.GetStatus(short token) => _outcome.GetStatus(token);

    void IValueTaskSource<object>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _outcome.OnCompleted(continuation, state, token, flags);

    protected override void Take(object message)
    {
        if (Exchange.Questions.TryRemove(this))
        {
            _outcome.SetResult(message);
        }
    }

    protected override void OnReceived()
    {
        if (IsOpen)
        {
            Fail(SwallowedAnswer());
        }
    }

    protected override void OnReceiveFailed(Exception exception) => Fail(exception);

    protected override void SetFailed(Exception exception) => _outcome.SetException(exception);

    protected override void Recycle()
    {
        _cancellationToken = default;
        Pipe.SingleQuestions.Return(this);
    }

    private void OnCancelled() => GiveUp(new OperationCanceledException(_cancellationToken));
}
