using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Topics.Wire;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Topics.Listening;

/// <summary>The pipe of a client that subscribes and publishes.</summary>
internal sealed partial class TopicClient(ILogger logger) : GhmsPipe
{
    private readonly ILogger _logger = logger;
    private PipeContext _context = null!;
    private TopicSession _session = null!;
    private long _undecodable;
    private long _overflowed;

    public TopicStats Stats => new() { Undecodable = Volatile.Read(ref _undecodable), Overflowed = Volatile.Read(ref _overflowed) };

    /// <summary>Publishes a message of the application, through the sender pipes after this one.</summary>
    public ValueTask<int> PublishAsync(GhmsConnection connection, string topic, object message, CancellationToken cancellationToken)
    {
        MessageSender last = (piped, _, token) => SendAsync(
            connection, new Publication(topic, _context.InnerMessages[0].CodeOf(piped)) { Message = piped }, token);
        return _context.ChainSenders(last)(message, Recipients.Exactly(connection), cancellationToken);
    }

    /// <summary>Clears what a topic retains.</summary>
    public ValueTask<int> ClearAsync(GhmsConnection connection, string topic, CancellationToken cancellationToken) =>
        SendAsync(connection, new Publication(topic, Ghms.CloseCode), cancellationToken);

    public void CountOverflow()
    {
        Interlocked.Increment(ref _overflowed);
        _context.Broker.Meter.OnDrop(_context.Broker, DropReason.Overflowed, 1);
    }

    protected internal override void Start(PipeContext context)
    {
        _context = context;
        _session = new TopicSession(context);
        context.AddMessage(MessageRegistration.CreateEnvelope(TopicCodes.Subscription, new SubscriptionCodec()));
        context.AddMessage(MessageRegistration.CreateEnvelope(
            TopicCodes.Publication, new PublicationCodec(context.Options.HeartbeatCode, keepsBytes: false)));

        // Answers are taken at once, so that a handler may await one.
        context.AddMessage(MessageRegistration.CreateEnvelope(
            TopicCodes.SubscriptionResult, new SubscriptionResultCodec(), MessageKind.ImmediateExtension));
    }

    protected internal override ValueTask ResumeAsync(GhmsConnection connection, CancellationToken cancellationToken) =>
        new(_session.RestoreAsync(connection, refusal => OnRefused(connection, refusal), cancellationToken));

    protected internal override ValueTask HandleAsync(
        GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
    {
        switch (message)
        {
            case Publication publication:
                return OnPublicationAsync(connection, publication, cancellationToken);
            case SubscriptionResult result:
                _session.OnResult(connection, result);
                return ValueTask.CompletedTask;
            case Subscription:
                throw new GhmsProtocolException(CloseStatus.UnknownMessageCode, "A client takes no subscriptions.");
            default:
                return next(connection, message, cancellationToken);
        }
    }

    private ValueTask OnPublicationAsync(GhmsConnection connection, Publication publication, CancellationToken cancellationToken)
    {
        if (publication.Failure is { } failure)
        {
            Interlocked.Increment(ref _undecodable);
            connection.Broker.Meter.OnDrop(connection.Broker, DropReason.Undecodable, 1);
            using var scope = ConnectionScope.Begin(_logger, LogLevel.Information, connection);
            LogUndecodable(publication.Code, connection.Id, PeerText.Escape(publication.Topic), PeerText.Escape((failure.Cause ?? failure).Message));
            return ValueTask.CompletedTask;
        }

        if (publication.IsClearing)
        {
            return ValueTask.CompletedTask;
        }

        MessageHandler last = (_, piped, token) => _session.HandleAsync(publication.Topic, piped, token);
        if (connection.Broker.Meter is var meter && meter.HandlerDuration.Enabled)
        {
            var handler = last;
            last = (to, piped, token) => meter.TimeAsync(handler, to, piped, token);
        }

        return _context.ChainHandlers(last)(connection, publication.Message, cancellationToken);
    }

    private void OnRefused(GhmsConnection connection, GhmsSubscriptionException refusal)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Warning, connection);
        LogNotRestored(PeerText.Escape(refusal.Filter), connection.Id, refusal.Outcome);
    }

    private ValueTask<int> SendAsync(GhmsConnection connection, Publication publication, CancellationToken cancellationToken) =>
        _context.SendAsync(publication, Recipients.Exactly(connection), cancellationToken);

    [LoggerMessage(51, LogLevel.Warning, "The subscription to {Filter} cannot be restored on connection {ConnectionId}: {Outcome}", EventName = "SubscriptionNotRestored")]
    private partial void LogNotRestored(string filter, string connectionId, SubscriptionOutcome outcome);

    [LoggerMessage(50, LogLevel.Information, "A message of code {Code} that connection {ConnectionId} published to {Topic} cannot be decoded and is dropped: {Reason}", EventName = "PublicationUndecodable")]
    private partial void LogUndecodable(uint code, string connectionId, string topic, string reason);
}
