namespace Bedrock.Ghms.Broker;

/// <summary>Handles received messages of every type that has no handler of its own.</summary>
public interface IMessageHandler
{
    /// <summary>Handles one message, in the connection's read loop: messages of a connection come one at a time, in order.</summary>
    /// <param name="connection">Where the message came from.</param>
    /// <param name="message">Belongs to the handler from here on.</param>
    /// <param name="cancellationToken">Fires when the connection ends.</param>
    /// <exception cref="Exception">Any exception ends this connection, and no other, with status 1011.</exception>
    ValueTask HandleAsync(GhmsConnection connection, object message, CancellationToken cancellationToken);
}

/// <summary>Handles received messages of one type.</summary>
/// <typeparam name="T">The message type.</typeparam>
public interface IMessageHandler<in T>
    where T : notnull
{
    /// <inheritdoc cref="IMessageHandler.HandleAsync"/>
    ValueTask HandleAsync(GhmsConnection connection, T message, CancellationToken cancellationToken);
}
