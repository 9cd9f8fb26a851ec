using System.Collections.Concurrent;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Topics.Matching;
using Bedrock.Ghms.Topics.Wire;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Topics.Serving;

/// <summary>The pipe that takes subscriptions, and relays publications to whoever subscribed to their topics.</summary>
/// <remarks>
/// A publisher decides who gets its publication, and a subscriber begins, each in one step that excludes the other
/// (<see cref="_order"/>), so that whatever is published before a subscription began is in the retained values it gets, and
/// whatever is published after that comes after them.
/// </remarks>
internal sealed partial class TopicServer : GhmsPipe
{
    private readonly GhmsTopicOptions _options;
    private readonly ILogger _logger;
    private readonly StripedLock _order = new();
    private readonly SubscriptionIndex<GhmsConnection> _index = new();
    private readonly ConcurrentDictionary<GhmsConnection, Subscriber> _subscribers = [];
    private readonly RetainedIndex<Publication>? _retained;
    private readonly KeyedGate _retaining = new();
    private readonly SubscriptionWatch _watch;
    private PipeContext _context = null!;
    private long _denied;
    private long _undelivered;
    private long _notRetained;

    public TopicServer(GhmsTopicOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _retained = options.Retains is null ? null : new RetainedIndex<Publication>(options.MaxRetained, options.MaxRetainedBytes);
        _watch = new SubscriptionWatch(options.FirstSubscribed, options.LastUnsubscribed, LogWatcherFailed);
    }

    public TopicStats Stats => new()
    {
        Denied = Volatile.Read(ref _denied),
        Undelivered = Volatile.Read(ref _undelivered),
        NotRetained = Volatile.Read(ref _notRetained),
        Retained = _retained?.Count ?? 0,
        RetainedBytes = _retained?.Bytes ?? 0,
    };

    protected internal override void Start(PipeContext context)
    {
        _context = context;
        context.AddMessage(MessageRegistration.CreateEnvelope(TopicCodes.Subscription, new SubscriptionCodec()));
        context.AddMessage(MessageRegistration.CreateEnvelope(
            TopicCodes.Publication, new PublicationCodec(context.Options.HeartbeatCode, keepsBytes: true)));
        context.AddMessage(MessageRegistration.CreateEnvelope(TopicCodes.SubscriptionResult, new SubscriptionResultCodec()));
    }

    protected internal override ValueTask HandleAsync(
        GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken) => message switch
        {
            Publication publication => RelayAsync(connection, publication),
            Subscription subscription => OnSubscriptionAsync(connection, subscription, cancellationToken),
            SubscriptionResult => throw new GhmsProtocolException(CloseStatus.ProtocolError, "A SubscriptionResult that nobody asked for."),
            _ => next(connection, message, cancellationToken),
        };
}
