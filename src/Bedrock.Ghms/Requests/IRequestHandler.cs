using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Requests;

/// <summary>Answers requests of one type with one reply each. One instance serves all connections, concurrently.</summary>
/// <typeparam name="TRequest">The type of the request's message.</typeparam>
/// <typeparam name="TReply">The type of the reply.</typeparam>
public interface IRequestHandler<in TRequest, TReply>
    where TRequest : notnull
    where TReply : notnull
{
    /// <inheritdoc cref="RequestHandler{TRequest, TReply}"/>
    ValueTask<TReply> AnswerAsync(GhmsConnection connection, TRequest request, CancellationToken cancellationToken);
}

/// <summary>Answers requests of one type with a stream of items each. One instance serves all connections, concurrently.</summary>
/// <typeparam name="TRequest">The type of the request's message.</typeparam>
/// <typeparam name="TItem">The type of the items.</typeparam>
public interface IStreamHandler<in TRequest, out TItem>
    where TRequest : notnull
    where TItem : notnull
{
    /// <inheritdoc cref="StreamHandler{TRequest, TItem}"/>
    IAsyncEnumerable<TItem> AnswerAsync(GhmsConnection connection, TRequest request, CancellationToken cancellationToken);
}
