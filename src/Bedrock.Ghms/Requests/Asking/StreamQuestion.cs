using System.Threading.Channels;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests.Wire;

namespace Bedrock.Ghms.Requests.Asking;

/// <summary>A request for a stream of items. One consumer reads it.</summary>
internal sealed class StreamQuestion : Question
{
    // Half the window: the producer goes on while the consumer takes the other half.
    private const int Grant = Credit.AtStart / 2;

    private readonly Channel<object> _items = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = false });
    private Task _receiving = Task.CompletedTask;
    private object? _current;
    private long _waitingSince;
    private int _credit = Credit.AtStart;
    private int _taken;
    private bool _isPassed;

    public StreamQuestion(RequestPipe pipe)
        : base(pipe)
    {
    }

    /// <summary>The item that was read last.</summary>
    public object Current => _current!;

    /// <summary>Asks.</summary>
    /// <exception cref="GhmsConnectionClosedException">The connection has ended; nothing was sent.</exception>
    public void Ask(Exchange exchange, object message, CancellationToken cancellationToken)
    {
        Begin(exchange);
        exchange.Questions.Add(this);
        Send(message, cancellationToken);
    }

    /// <summary>Reads the next item.</summary>
    /// <returns><see langword="false"/> at the end.</returns>
    /// <exception cref="Exception">Why the stream ended before its end.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_items.Reader.TryRead(out _current))
            {
                OnTaken();
                return true;
            }

            Volatile.Write(ref _waitingSince, Pipe.Context.Time.GetTimestamp());
            var isMore = await _items.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _waitingSince, 0);
            if (!isMore)
            {
                return false;
            }
        }
    }

    /// <summary>The consumer has left its loop; if that was before the end, the peer is told.</summary>
    public void Leave() => GiveUp(new OperationCanceledException());

    public override bool IsLate(long now) => Volatile.Read(ref _waitingSince) is var since and not 0 && Pipe.Clock.IsLate(since, now);

    public override void OnReply(Reply reply) => EndWith(
        reply.Problem is { } problem ? new GhmsRequestException(problem.Status, problem.Message, problem.Cause)
        : reply.Message is null ? null
        : new GhmsRequestException(CloseStatus.UnknownMessageCode, "The answer is one reply where a stream was asked for: use RequestAsync."));

    public override void OnFault(Exception exception) => EndWith(exception);

    public override void OnItem(Item item)
    {
        if (item.Problem is { } problem)
        {
            GiveUp(new GhmsRequestException(problem.Status, problem.Message, problem.Cause));
        }
        else if (Interlocked.Decrement(ref _credit) < 0)
        {
            // Whoever does not keep to its credit would fill this side's memory.
            GiveUp(new GhmsRequestException(CloseStatus.PolicyViolation, "The peer sent more items than it had credit for."));
        }
        else
        {
            _receiving = _receiving.IsCompleted ? ReceiveItem(item.Message!) : ReceiveAfterAsync(_receiving, item.Message!);
        }
    }

    protected override void Take(object message)
    {
        _isPassed = true;
        _items.Writer.TryWrite(message);
    }

    protected override void OnReceived()
    {
        if (!_isPassed)
        {
            // A pipe took it away, and so the consumer never will.
            OnTaken();
        }
    }

    protected override void OnReceiveFailed(Exception exception)
    {
        GiveUp(exception);

        // Its end may have arrived meanwhile, and must not hide what is missing before it.
        SetFailed(exception);
    }

    protected override void SetFailed(Exception exception) => _items.Writer.TryComplete(exception);

    private void OnTaken()
    {
        if (Interlocked.Increment(ref _taken) % Grant == 0 && IsOpen)
        {
            Interlocked.Add(ref _credit, Grant);
            Exchange.Post(new Credit { Id = Id, Count = Grant });
        }
    }

    private Task ReceiveItem(object message)
    {
        _isPassed = false;
        return Receive(message);
    }

    // Items keep their order, also where a pipe takes its time over one.
    private async Task ReceiveAfterAsync(Task before, object message)
    {
        await before.ConfigureAwait(false);
        await ReceiveItem(message).ConfigureAwait(false);
    }

    private void EndWith(Exception? exception)
    {
        if (Exchange.Questions.TryRemove(this))
        {
            _ = EndAfterAsync(_receiving, exception);
        }
    }

    private async Task EndAfterAsync(Task before, Exception? exception)
    {
        await before.ConfigureAwait(false);
        _items.Writer.TryComplete(exception);
    }
}
