using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker.Pipes;

/// <summary>What a pipe's place in a broker's chain offers it. Safe for concurrent use once the broker has started.</summary>
public sealed class PipeContext : IMessageSender
{
    private readonly List<MessageRegistration> _registrations;
    private GhmsBroker? _broker;
    private MessageSender? _next;

    internal PipeContext(List<MessageRegistration> registrations, GhmsBrokerOptions options)
    {
        _registrations = registrations;
        Options = options.Copy();
    }

    /// <summary>The broker; available once it has started.</summary>
    /// <exception cref="InvalidOperationException">The broker is still starting.</exception>
    public GhmsBroker Broker => _broker ?? throw StillStarting();

    /// <summary>A copy of the broker's settings.</summary>
    public GhmsBrokerOptions Options { get; }

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
