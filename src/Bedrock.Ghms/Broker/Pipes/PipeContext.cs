using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker.Pipes;

/// <summary>What a pipe's place in a broker's chain offers it. Safe for concurrent use once the broker has started.</summary>
public sealed class PipeContext : IMessageSender
{
    private readonly List<MessageRegistration> _registrations;
    private readonly GhmsPipe[] _pipes;
    private readonly int _place;
    private GhmsBroker? _broker;
    private MessageSender? _next;

    internal PipeContext(GhmsPipe[] pipes, int place, List<MessageRegistration> registrations, GhmsBrokerOptions options, TimeProvider time)
    {
        _pipes = pipes;
        _place = place;
        _registrations = registrations;
        Options = options.Copy();
        Time = time;
    }

    /// <summary>The broker; available once it has started.</summary>
    /// <exception cref="InvalidOperationException">The broker is still starting.</exception>
    public GhmsBroker Broker => _broker ?? throw StillStarting();

    /// <summary>A copy of the broker's settings.</summary>
    public GhmsBrokerOptions Options { get; }

    /// <summary>The broker's clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>What envelopes carry, in each encoding that connections may choose, the most preferred first: for a pipe that encodes a
    /// message before it knows to whom it goes. Available once the broker has started.</summary>
    /// <exception cref="InvalidOperationException">The broker is still starting.</exception>
    public IReadOnlyList<InnerMessages> InnerMessages => Broker.Registry.Inner;

    internal List<Type> RequiredTypes { get; } = [];

    /// <summary>Registers a message type of this pipe; only while the broker starts.</summary>
    /// <exception cref="InvalidOperationException">The broker has started.</exception>
    public void AddMessage(MessageRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        if (_broker is not null)
        {
            throw new InvalidOperationException("Message types are registered while the broker starts.");
        }

        _registrations.Add(registration);
    }

    /// <summary>Keeps the broker from starting unless <paramref name="type"/> is a registered message type; only while it starts.</summary>
    /// <exception cref="InvalidOperationException">The broker has started.</exception>
    public void RequireMessage(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (_broker is not null)
        {
            throw new InvalidOperationException("Message types are required while the broker starts.");
        }

        RequiredTypes.Add(type);
    }

    /// <summary>The way of a received message through the pipes after this one, ending in <paramref name="last"/> instead of the broker's handlers:
    /// for messages that reach this pipe inside another.</summary>
    /// <param name="last">The end of the way. It belongs to the chain: a pipe that needs it per message makes a chain for each object that it pools.</param>
    /// <remarks>As with every chain, whoever starts it must expect that a pipe swallows the message, so that <paramref name="last"/> is never called.</remarks>
    public MessageHandler ChainHandlers(MessageHandler last)
    {
        ArgumentNullException.ThrowIfNull(last);
        return PipeChain.Handlers(_pipes.AsSpan(_place + 1), last);
    }

    /// <summary>The way of a message to be sent through the pipes after this one, which are those it meets before it gets here, ending in
    /// <paramref name="last"/>: for messages that this pipe then puts inside another.</summary>
    /// <inheritdoc cref="ChainHandlers"/>
    public MessageSender ChainSenders(MessageSender last)
    {
        ArgumentNullException.ThrowIfNull(last);
        return PipeChain.Senders(_pipes.AsSpan(_place + 1), last);
    }

    /// <inheritdoc/>
    public ValueTask<int> SendAsync(object message, CancellationToken cancellationToken = default) =>
        SendAsync(message, Recipients.All, cancellationToken);

    /// <summary>Sends through the pipes between this one and the wire: not through this pipe itself.</summary>
    /// <inheritdoc cref="IMessageSender.SendAsync"/>
    /// <param name="message">An instance of a registered type, or a <see cref="RawMessage"/>.</param>
    /// <param name="recipients">Whom to send to; encoded once per encoding however many they are.</param>
    /// <param name="cancellationToken">Bounds the wait for room.</param>
    public ValueTask<int> SendAsync(object message, Recipients recipients, CancellationToken cancellationToken = default) =>
        (_next ?? throw StillStarting())(message, recipients, cancellationToken);

    internal void Complete(GhmsBroker broker, MessageSender next)
    {
        _broker = broker;
        _next = next;
    }

    private static InvalidOperationException StillStarting() => new("The broker is still starting.");
}
