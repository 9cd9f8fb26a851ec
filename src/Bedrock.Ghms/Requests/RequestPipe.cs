using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests.Answering;
using Bedrock.Ghms.Requests.Asking;
using Bedrock.Ghms.Requests.Wire;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Requests;

/// <summary>Asks and answers (section 7 of the protocol), by nothing but what every pipe can do.</summary>
/// <remarks>
/// A request is dispatched in its turn and holds up nothing behind it; what belongs to an open one is acted upon at once.
/// </remarks>
internal sealed partial class RequestPipe : GhmsPipe
{
    private readonly FrozenDictionary<Type, Answerer> _answerers;
    private readonly ILogger _logger;

    // A connection's own entry lives as long as the connection does.
    private readonly ConditionalWeakTable<GhmsConnection, Exchange> _exchanges = [];
    private readonly ConditionalWeakTable<GhmsConnection, Exchange>.CreateValueCallback _makeExchange;

    // The one looked up last: messages come in batches, and a client has no other.
    private Exchange? _last;
    private Answerer? _lastAnswerer;

    public RequestPipe(GhmsRequestOptions options, IReadOnlyDictionary<Type, Answerer> answerers, ILogger logger)
    {
        Options = options;
        _answerers = answerers.ToFrozenDictionary();
        _logger = logger;
        _makeExchange = connection => new Exchange(this, connection);
        Scopes = new Pool<AnswerScope>(() => new AnswerScope(this));
        SingleQuestions = new Pool<SingleQuestion>(() => new SingleQuestion(this));
    }

    public GhmsRequestOptions Options { get; }

    public PipeContext Context { get; private set; } = null!;

    public QuestionClock Clock { get; private set; } = null!;

    public Pool<AnswerScope> Scopes { get; }

    public Pool<SingleQuestion> SingleQuestions { get; }

    /// <exception cref="GhmsProtocolException">Requests of this type have no handler.</exception>
    public Answerer AnswererOf(Type type) => _lastAnswerer is { } last && last.RequestType == type ? last : FindAnswerer(type);

    public Exchange ExchangeOf(GhmsConnection connection)
    {
        if (Volatile.Read(ref _last) is { } last && ReferenceEquals(last.Connection, connection))
        {
            return last;
        }

        var exchange = _exchanges.GetValue(connection, _makeExchange);
        Volatile.Write(ref _last, exchange);
        return exchange;
    }

    public async ValueTask<TReply> RequestAsync<TReply>(GhmsConnection connection, object message, CancellationToken cancellationToken)
        where TReply : notnull
    {
        cancellationToken.ThrowIfCancellationRequested();
        var question = SingleQuestions.Rent();
        try
        {
            return Expect<TReply>(await question.AskAsync(ExchangeOf(connection), message, cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            question.Finish();
        }
    }

    public async IAsyncEnumerable<TItem> StreamAsync<TItem>(
        GhmsConnection connection, object message, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TItem : notnull
    {
        cancellationToken.ThrowIfCancellationRequested();
        var question = new StreamQuestion(this);
        question.Ask(ExchangeOf(connection), message, cancellationToken);
        try
        {
            while (await question.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return Expect<TItem>(question.Current);
            }
        }
        finally
        {
            question.Leave();
        }
    }

    /// <summary>Gives up, on every connection, what has waited too long.</summary>
    /// <returns>Whether there is more to look after.</returns>
    public bool GiveUpLate(long now)
    {
        var isAnyLeft = false;
        foreach (var connection in Context.Broker.Connections)
        {
            isAnyLeft |= _exchanges.TryGetValue(connection, out var exchange) && exchange.Questions.GiveUpLate(now);
        }

        return isAnyLeft;
    }

    protected internal override void Start(PipeContext context)
    {
        Options.Check();
        Context = context;
        Clock = new QuestionClock(this, context.Time, Options.Timeout);
        Add(RequestCode.Request, new EnvelopeWire<Request>(static () => Request.Rent(), maybeEmpty: false), MessageKind.Extension);
        Add(RequestCode.Reply, new EnvelopeWire<Reply>(static () => Reply.Rent(), maybeEmpty: true));
        Add(RequestCode.Item, new EnvelopeWire<Item>(static () => Item.Rent(), maybeEmpty: false));
        Add(RequestCode.Fault, new FaultWire());
        Add(RequestCode.Cancel, new CancelWire());
        Add(RequestCode.Credit, new CreditWire());
        foreach (var type in _answerers.Keys)
        {
            context.RequireMessage(type);
        }
    }

    protected internal override ValueTask HandleAsync(
        GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
    {
        if (message is not RequestMessage ours)
        {
            return next(connection, message, cancellationToken);
        }

        ours.Arrive(ExchangeOf(connection));
        return ValueTask.CompletedTask;
    }

    private Answerer FindAnswerer(Type type) => _answerers.TryGetValue(type, out var answerer)
        ? _lastAnswerer = answerer
        : throw new GhmsProtocolException(CloseStatus.UnknownMessageCode, "Nobody answers this message.");

    private void Add<T>(uint code, EnvelopeCodec<T> codec, MessageKind kind = MessageKind.ImmediateExtension)
        where T : notnull => Context.AddMessage(MessageRegistration.CreateEnvelope(code, codec, kind));

    private static T Expect<T>(object message) => message is T expected
        ? expected
        : throw new GhmsRequestException(
            CloseStatus.UnknownMessageCode, $"The answer is a {message.GetType().Name} where a {typeof(T).Name} was asked for.");
}
