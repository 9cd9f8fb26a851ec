namespace Bedrock.Ghms.Requests.Wire;

/// <summary>A message of this extension that carries one of the application's. Received ones are pooled.</summary>
internal abstract class Envelope : RequestMessage
{
    /// <summary>What is inside; <see langword="null"/> at the end of a stream, or when there is a <see cref="Problem"/>.</summary>
    public object? Message { get; set; }

    /// <summary>Why what is inside could not be read: that fails this request, not the connection.</summary>
    public GhmsProtocolException? Problem { get; set; }

    public void Clear()
    {
        Message = null;
        Problem = null;
    }
}

/// <summary>An envelope type that keeps a received instance for the next message: the read loop's thread has one at a time.</summary>
internal abstract class Envelope<TSelf> : Envelope
    where TSelf : Envelope<TSelf>, new()
{
    [ThreadStatic]
    private static TSelf? _received;

    public static TSelf Rent()
    {
        var envelope = _received ?? new TSelf();
        _received = null;
        return envelope;
    }

    public sealed override void Arrive(Exchange exchange)
    {
        try
        {
            Open(exchange);
        }
        finally
        {
            Clear();
            _received = (TSelf)this;
        }
    }

    protected abstract void Open(Exchange exchange);
}

/// <summary>0xFFFFFF10: a question.</summary>
internal sealed class Request : Envelope<Request>
{
    protected override void Open(Exchange exchange) => exchange.Answers.OnRequest(this);
}

/// <summary>0xFFFFFF11: the answer, or the end of one that is a stream.</summary>
internal sealed class Reply : Envelope<Reply>
{
    protected override void Open(Exchange exchange) => exchange.Questions.OnReply(this);
}

/// <summary>0xFFFFFF14: one element of an answer that is a stream.</summary>
internal sealed class Item : Envelope<Item>
{
    protected override void Open(Exchange exchange) => exchange.Questions.OnItem(this);
}
