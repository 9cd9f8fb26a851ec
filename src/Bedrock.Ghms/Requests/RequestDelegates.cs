using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Requests;

/// <summary>Answers requests of one type with one reply each.</summary>
/// <typeparam name="TRequest">The type of the request's message.</typeparam>
/// <typeparam name="TReply">The type of the reply: a registered message type or a base of several.</typeparam>
/// <param name="connection">Who asks.</param>
/// <param name="request">The request's message.</param>
/// <param name="cancellationToken">Fires when the asker cancels or the connection ends. Not to be used after the answer.</param>
public delegate ValueTask<TReply> RequestHandler<in TRequest, TReply>(
    GhmsConnection connection, TRequest request, CancellationToken cancellationToken);

/// <summary>Answers requests of one type with a stream of items each.</summary>
/// <typeparam name="TRequest">The type of the request's message.</typeparam>
/// <typeparam name="TItem">The type of the items: a registered message type or a base of several.</typeparam>
/// <param name="connection">Who asks.</param>
/// <param name="request">The request's message.</param>
/// <param name="cancellationToken">Fires when the asker cancels, leaves its loop, or the connection ends. Not to be used after the answer.</param>
/// <returns>The items. They are taken one at a time, at most one ahead of what the asker has room for.</returns>
public delegate IAsyncEnumerable<TItem> StreamHandler<in TRequest, out TItem>(
    GhmsConnection connection, TRequest request, CancellationToken cancellationToken);
