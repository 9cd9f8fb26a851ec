using Bedrock.Ghms.Requests.Wire;

namespace Bedrock.Ghms.Requests.Asking;

/// <summary>What has been asked on one connection and has no answer yet.</summary>
/// <remarks>
/// Whoever removes a question from this table completes it, and nobody else does: that is what makes every outcome the only one. Questions are pooled,
/// so all others that use one hold a reference, taken while it was in the table.
/// </remarks>
internal sealed class Questions(Exchange exchange)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<ulong, Question> _open = [];
    private ulong _lastId;
    private bool _isOver;

    public int Count
    {
        get
        {
            lock (_sync)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Takes a question in and gives it its id.</summary>
    /// <exception cref="GhmsConnectionClosedException">The connection has ended.</exception>
    public void Add(Question question)
    {
        lock (_sync)
        {
            if (_isOver)
            {
                throw new GhmsConnectionClosedException($"The connection {exchange.Connection.Id} has ended.");
            }

            question.Id = ++_lastId;
            _open.Add(question.Id, question);
        }

        exchange.Pipe.Clock.Run();
    }

    /// <summary>Whether the connection has ended.</summary>
    public bool IsOver
    {
        get
        {
            lock (_sync)
            {
                return _isOver;
            }
        }
    }

    public bool TryRemove(Question question)
    {
        lock (_sync)
        {
            return _open.Remove(question.Id);
        }
    }

    public bool Contains(Question question)
    {
        lock (_sync)
        {
            return _open.ContainsKey(question.Id);
        }
    }

    public void OnReply(Reply reply)
    {
        if (Find(reply.Id) is { } question)
        {
            question.OnReply(reply);
            question.Release();
        }
    }

    public void OnItem(Item item)
    {
        if (Find(item.Id) is { } question)
        {
            question.OnItem(item);
            question.Release();
        }
    }

    public void OnFault(Fault fault)
    {
        if (Find(fault.Id) is { } question)
        {
            question.OnFault(new GhmsRequestException(fault.Status, fault.Text));
            question.Release();
        }
    }

    /// <summary>Gives up those that have waited too long.</summary>
    /// <returns>Whether any are left.</returns>
    public bool GiveUpLate(long now)
    {
        foreach (var question in Hold(question => question.IsLate(now)))
        {
            question.GiveUp(new TimeoutException($"There was no answer within {exchange.Pipe.Options.Timeout}."));
            question.Release();
        }

        return Count > 0;
    }

    /// <summary>Fails all, now and from now on.</summary>
    public void End()
    {
        lock (_sync)
        {
            _isOver = true;
        }

        foreach (var question in Hold(static _ => true))
        {
            question.OnConnectionEnded();
            question.Release();
        }
    }

    private Question? Find(ulong id)
    {
        lock (_sync)
        {
            _open.TryGetValue(id, out var question);
            question?.Retain();
            return question;
        }
    }

    private List<Question> Hold(Func<Question, bool> condition)
    {
        lock (_sync)
        {
            if (_open.Count == 0)
            {
                return [];
            }

            var held = _open.Values.Where(condition).ToList();
            held.ForEach(question => question.Retain());
            return held;
        }
    }
}
