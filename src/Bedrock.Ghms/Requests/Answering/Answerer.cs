using System.Runtime.CompilerServices;
using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Requests.Answering;

/// <summary>Answers the requests of one type.</summary>
internal abstract class Answerer(Type request)
{
    /// <summary>The type of the requests' messages.</summary>
    public Type RequestType { get; } = request;

    public abstract ValueTask AnswerAsync(AnswerScope scope, GhmsConnection connection, object request, CancellationToken cancellationToken);
}

/// <summary>Answers with one reply.</summary>
internal sealed class SingleAnswerer<TRequest, TReply>(RequestHandler<TRequest, TReply> handler) : Answerer(typeof(TRequest))
    where TRequest : notnull
    where TReply : notnull
{
    public override ValueTask AnswerAsync(AnswerScope scope, GhmsConnection connection, object request, CancellationToken cancellationToken)
    {
        var replying = handler(connection, (TRequest)request, cancellationToken);
        return replying.IsCompletedSuccessfully
            ? scope.ReplyAsync(replying.Result, cancellationToken)
            : AnswerLaterAsync(scope, replying, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask AnswerLaterAsync(AnswerScope scope, ValueTask<TReply> replying, CancellationToken cancellationToken) =>
        await scope.ReplyAsync(await replying.ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
}

/// <summary>Answers with a stream of items.</summary>
internal sealed class StreamAnswerer<TRequest, TItem>(StreamHandler<TRequest, TItem> handler) : Answerer(typeof(TRequest))
    where TRequest : notnull
    where TItem : notnull
{
    public override async ValueTask AnswerAsync(
        AnswerScope scope, GhmsConnection connection, object request, CancellationToken cancellationToken)
    {
        await foreach (var item in handler(connection, (TRequest)request, cancellationToken).WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            await scope.SendItemAsync(item, cancellationToken).ConfigureAwait(false);
        }

        await scope.EndStreamAsync(cancellationToken).ConfigureAwait(false);
    }
}
