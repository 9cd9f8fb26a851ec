namespace Bedrock.Ghms.Broker;

/// <summary>Something messages are sent through: a broker, a connection, or the place of a pipe in its chain.</summary>
public interface IMessageSender
{
    /// <summary>Sends <paramref name="message"/> to everyone this sender reaches.</summary>
    /// <param name="message">An instance of a registered type, or a <see cref="Messages.RawMessage"/>.</param>
    /// <param name="cancellationToken">Bounds the wait for room; without effect once the message has been accepted.</param>
    /// <returns>How many connections accepted the message into their bounded room. Neither written nor delivered is implied.</returns>
    ValueTask<int> SendAsync(object message, CancellationToken cancellationToken = default);
}
