namespace Bedrock.Ghms.Requests.Wire;

/// <summary>A message of this extension that carries one of the application's. Received ones are used again.</summary>
/// <remarks>Each type keeps a received instance for the next message: the read loop's thread has one at a time. That is a field of its own in each, because
/// one in a generic base would cost every message a look-up.</remarks>
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

    public sealed override void Arrive(Exchange exchange)
    {
        try
        {
            Open(exchange);
        }
        finally
        {
            Clear();
            Keep();
        }
    }

    protected abstract void Open(Exchange exchange);

    /// <summary>Keeps this instance for the next message that the thread receives.</summary>
    protected abstract void Keep();
}

/// <summary>0xFFFFFF10: a question.</summary>
internal sealed class Request : Envelope
{
    [ThreadStatic]
    private static Request? _received;

    public static Request Rent()
    {
        var request = _received ?? new Request();
        _received = null;
        return request;
    }

    protected override void Open(Exchange exchange) => exchange.Answers.OnRequest(this);

    protected override void Keep() => _received = this;
}

/// <summary>0xFFFFFF11: the answer, or the end of one that is a stream.</summary>
internal sealed class Reply : Envelope
{
    [ThreadStatic]
    private static Reply? _received;

    public static Reply Rent()
    {
        var reply = _received ?? new Reply();
        _received = null;
        return reply;
    }

    protected override void Open(Exchange exchange) => exchange.Questions.OnReply(this);

    protected override void Keep() => _received = this;
}

/// <summary>0xFFFFFF14: one element of an answer that is a stream.</summary>
internal sealed class Item : Envelope
{
    [ThreadStatic]
    private static Item? _received;

    public static Item Rent()
    {
        var item = _received ?? new Item();
        _received = null;
        return item;
    }

    protected override void Open(Exchange exchange) => exchange.Questions.OnItem(this);

    protected override void Keep() => _received = this;
}
