using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests.Wire;

namespace Bedrock.Ghms.Requests.Answering;

/// <summary>What the peer has asked on one connection and has no answer to yet.</summary>
/// <remarks>
/// Whoever removes a request from this table answers it, and nobody else does. It leaves before its answer goes out, for the peer may
/// use its id again as soon as it has that. A request stands in the table proper only once its handler goes on beside the read loop: until
/// then the loop can bring no other message that has its id.
/// </remarks>
internal sealed class Answers(Exchange exchange)
{
    private const int MaxFaultText = 1_024;

    private readonly Lock _sync = new();
    private readonly Dictionary<ulong, AnswerScope> _open = [];
    private AnswerScope? _running;
    private int _unsentFaults;
    private bool _isOver;

    // The read loop's: the scope to use next, and how many handlers it began, less those that were done at once. The others count
    // themselves when they are done.
    private AnswerScope? _spare;
    private int _begun;
    private int _doneBeside;

    /// <summary>How many handlers are at work, those of cancelled requests included.</summary>
    public int Count => Volatile.Read(ref _begun) - Volatile.Read(ref _doneBeside);

    /// <exception cref="GhmsProtocolException">A request with this id is open.</exception>
    public void OnRequest(Request request)
    {
        AnswerScope? scope = null;
        lock (_sync)
        {
            if (_isOver)
            {
                return;
            }

            if (_open.Count > 0 && _open.ContainsKey(request.Id))
            {
                throw new GhmsProtocolException(CloseStatus.ProtocolError, "A request has the id of one that is open.");
            }

            if (request.Problem is null && Count < exchange.Pipe.Options.MaxOpen)
            {
                scope = _spare ?? exchange.Pipe.Scopes.Rent();
                _spare = null;
                scope.Begin(exchange, request.Id);
                _running = scope;
            }
        }

        if (scope is not null)
        {
            Volatile.Write(ref _begun, _begun + 1);
            scope.Run(request.Message!);
        }
        else if (request.Problem is { } problem)
        {
            exchange.Pipe.LogRefused(exchange.Connection, problem);
            PostFault(request.Id, problem.Status, problem.Message);
        }
        else
        {
            PostFault(request.Id, CloseStatus.TryAgainLater, "Too many requests are open.");
        }
    }

    public void OnCancel(ulong id)
    {
        bool isFree;
        lock (_sync)
        {
            if (!_open.Remove(id, out var scope))
            {
                return;
            }

            isFree = scope.Cancel();
        }

        if (isFree)
        {
            PostFault(id, CloseStatus.GoingAway, "Cancelled.");
        }
    }

    public void OnCredit(ulong id, uint count)
    {
        lock (_sync)
        {
            if (_open.TryGetValue(id, out var scope))
            {
                scope.AddCredit(count);
            }
        }
    }

    /// <summary>The connection has ended: nothing is sent any more, and nobody waits for an answer.</summary>
    public void End()
    {
        lock (_sync)
        {
            _isOver = true;
            _running?.Cancel();
            _running = null;
            foreach (var scope in _open.Values)
            {
                scope.Cancel();
            }

            _open.Clear();
        }
    }

    /// <summary>Takes the right to answer; it is given once.</summary>
    public bool TryClaim(AnswerScope scope)
    {
        lock (_sync)
        {
            if (scope.IsAnswered)
            {
                return false;
            }

            scope.IsAnswered = true;
            if (ReferenceEquals(_running, scope))
            {
                _running = null;
            }
            else
            {
                _open.Remove(scope.Id);
            }

            return true;
        }
    }

    /// <summary>The handler of the request that runs in the read loop goes on beside it.</summary>
    public void GoOnBeside(AnswerScope scope)
    {
        lock (_sync)
        {
            if (ReferenceEquals(_running, scope))
            {
                _running = null;
                _open.Add(scope.Id, scope);
            }
        }
    }

    /// <summary>Takes one item's worth of credit, or begins to wait for it. Until <see cref="OnItemSent"/> no other answer goes out.</summary>
    /// <returns><see langword="null"/> when there is credit, else what to wait for.</returns>
    /// <exception cref="OperationCanceledException">Nobody waits for items any more.</exception>
    public Task? BeginItem(AnswerScope scope)
    {
        lock (_sync)
        {
            return scope.BeginItem();
        }
    }

    public void OnItemSent(AnswerScope scope)
    {
        bool mustFault;
        lock (_sync)
        {
            mustFault = scope.EndItem() && !_isOver;
        }

        if (mustFault)
        {
            PostFault(scope.Id, CloseStatus.GoingAway, "Cancelled.");
        }
    }

    /// <summary>A handler is done that went on beside the read loop.</summary>
    public void OnDoneBeside() => Interlocked.Increment(ref _doneBeside);

    /// <summary>A handler is done, in the read loop.</summary>
    /// <param name="scope">What its request used, if the next one may use it.</param>
    public void OnDoneAtOnce(AnswerScope? scope)
    {
        _spare = scope;
        Volatile.Write(ref _begun, _begun - 1);
    }

    /// <summary>Answers with a Fault that nobody here waits for.</summary>
    public async void PostFault(ulong id, CloseStatus status, string text)
    {
        var fault = new Fault { Id = id, Status = status, Text = text.Length > MaxFaultText ? text[..MaxFaultText] : text };
        Interlocked.Increment(ref _unsentFaults);
        try
        {
            var sending = exchange.SendAsync(fault, CancellationToken.None);
            if (!sending.IsCompleted && Volatile.Read(ref _unsentFaults) > exchange.Pipe.Options.MaxOpen)
            {
                // A peer that asks and asks and reads no answers would fill this side's memory with refusals.
                _ = exchange.Connection.CloseAsync(CloseStatus.PolicyViolation, "Too many answers wait to be read.");
            }

            await sending.ConfigureAwait(false);
        }
        catch (GhmsMessageTooLargeException) when (text.Length > 0)
        {
            PostFault(id, status, "");
        }
        catch (Exception exception)
        {
            exchange.OnPostFailed(fault, exception);
        }
        finally
        {
            Interlocked.Decrement(ref _unsentFaults);
        }
    }
}
