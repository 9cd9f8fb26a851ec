namespace Bedrock.Ghms.Broker.Pipes;

/// <summary>
/// Middleware of a broker. Received messages run through the pipes first to last and then reach the handlers; messages to be sent
/// run last to first and then reach the wire.
/// </summary>
/// <remarks>
/// A pipe may change a message, swallow it by not calling <c>next</c>, answer it, or send others. Both methods are called
/// concurrently for different connections and senders. One instance may stand at several places of a chain, or in several
/// brokers: <see cref="Start"/> is then called once for each place. Sends on a connection itself go past all pipes.
/// </remarks>
public abstract class GhmsPipe
{
    /// <summary>Called once for each place in a chain while the broker starts: register message types, keep the context.</summary>
    /// <param name="context">What this place offers.</param>
    protected internal virtual void Start(PipeContext context)
    {
    }

    /// <summary>Called for each received message.</summary>
    /// <param name="connection">Where the message came from.</param>
    /// <param name="message">The message.</param>
    /// <param name="next">The rest of the chain.</param>
    /// <param name="cancellationToken">Fires when the connection ends.</param>
    /// <exception cref="GhmsProtocolException">The peer did what it may not: its connection ends with the status of this exception.</exception>
    /// <exception cref="Exception">Any other exception ends this connection with status 1011.</exception>
    protected internal virtual ValueTask HandleAsync(
        GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(next);
        return next(connection, message, cancellationToken);
    }

    /// <summary>Called for each message to be sent.</summary>
    /// <param name="message">The message.</param>
    /// <param name="recipients">Whom it is for; a pipe may pass on others.</param>
    /// <param name="next">The rest of the chain.</param>
    /// <param name="cancellationToken">Bounds the wait for room.</param>
    /// <returns>How many connections accepted the message.</returns>
    /// <exception cref="Exception">Any exception reaches the sender.</exception>
    protected internal virtual ValueTask<int> SendAsync(
        object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(next);
        return next(message, recipients, cancellationToken);
    }

    /// <summary>Called when a connection has been upgraded, before its first message is handled.</summary>
    /// <param name="connection">The new connection.</param>
    protected internal virtual void OnConnected(GhmsConnection connection)
    {
    }

    /// <summary>Called for each connection that a <see cref="Client.GhmsClient"/> makes, one pipe after the other, before the client's sends flow on it:
    /// the place to tell the server again what it knew on the connection before, such as subscriptions.</summary>
    /// <param name="connection">The new connection. Messages that arrive on it may be handled already.</param>
    /// <param name="cancellationToken">Fires when the broker's time-out is over, or the client is closed.</param>
    /// <exception cref="Exception">Any exception ends the connection, and counts as a failed attempt.</exception>
    protected internal virtual ValueTask ResumeAsync(GhmsConnection connection, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Called when a connection has ended and its handlers are done.</summary>
    /// <param name="connection">The ended connection.</param>
    protected internal virtual void OnDisconnected(GhmsConnection connection)
    {
    }
}
