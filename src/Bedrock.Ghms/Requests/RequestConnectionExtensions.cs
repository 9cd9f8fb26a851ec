using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Telemetry;

namespace Bedrock.Ghms.Requests;

/// <summary>Asks the peer of a connection, on a server as on a client.</summary>
public static class RequestConnectionExtensions
{
    /// <summary>Asks the peer and returns its reply.</summary>
    /// <typeparam name="TReply">What the reply must be.</typeparam>
    /// <param name="connection">Whom to ask.</param>
    /// <param name="message">The question: an instance of a registered type. It runs through the sender pipes, its reply through the handler pipes.</param>
    /// <param name="cancellationToken">Ends the wait at once and tells the peer.</param>
    /// <returns>The reply. The caller goes on outside the connection's read loop. Await the task once.</returns>
    /// <exception cref="GhmsRequestException">There is no answer that can be used; its status says why.</exception>
    /// <exception cref="TimeoutException">There was no answer within <see cref="GhmsRequestOptions.Timeout"/>.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    /// <exception cref="GhmsConnectionClosedException">The connection had ended before; nothing was sent.</exception>
    /// <exception cref="GhmsMessageTooLargeException">The message is larger than this side sends or the peer accepts.</exception>
    /// <exception cref="InvalidOperationException">The connection's broker was built without requests.</exception>
    public static ValueTask<TReply> RequestAsync<TReply>(
        this GhmsConnection connection, object message, CancellationToken cancellationToken = default)
        where TReply : notnull
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(message);
        var pipe = PipeOf(connection);
        return Tracing.Source.HasListeners()
            ? RequestTrace.AskAsync<TReply>(pipe, connection, message, cancellationToken)
            : pipe.RequestAsync<TReply>(connection, message, cancellationToken);
    }

    /// <summary>Asks the peer for a stream of items. Each enumeration asks anew, when it begins.</summary>
    /// <typeparam name="TItem">What each item must be.</typeparam>
    /// <param name="connection">Whom to ask.</param>
    /// <param name="message">The question: an instance of a registered type. It runs through the sender pipes, its items through the handler pipes.</param>
    /// <param name="cancellationToken">Ends the stream on both sides, as leaving the loop early does.</param>
    /// <returns>The items, at most 32 of which are on their way at a time: a slow consumer holds the producer, not memory. Enumerating throws what
    /// <see cref="RequestAsync"/> does, after the items that came before; the time-out is for each item.</returns>
    /// <exception cref="InvalidOperationException">The connection's broker was built without requests.</exception>
    public static IAsyncEnumerable<TItem> StreamAsync<TItem>(
        this GhmsConnection connection, object message, CancellationToken cancellationToken = default)
        where TItem : notnull
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(message);
        var pipe = PipeOf(connection);
        return Tracing.Source.HasListeners()
            ? RequestTrace.AskForManyAsync<TItem>(pipe, connection, message, cancellationToken)
            : pipe.StreamAsync<TItem>(connection, message, cancellationToken);
    }

    /// <summary>Counts the open requests of a connection, both ways.</summary>
    /// <param name="connection">The connection.</param>
    /// <exception cref="InvalidOperationException">The connection's broker was built without requests.</exception>
    public static OpenRequests CountRequests(this GhmsConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var exchange = PipeOf(connection).ExchangeOf(connection);
        return new OpenRequests(exchange.Questions.Count, exchange.Answers.Count);
    }

    private static RequestPipe PipeOf(GhmsConnection connection) => connection.Broker.FindPipe<RequestPipe>()
        ?? throw new InvalidOperationException("The broker was built without requests: call AddRequests on its builder.");
}
