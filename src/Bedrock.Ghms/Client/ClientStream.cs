using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Requests;

namespace Bedrock.Ghms.Client;

/// <summary>A stream that is asked for on the connection of the time at which its enumeration begins.</summary>
internal sealed class ClientStream<TItem>(GhmsClient client, object message, CancellationToken cancellationToken) : IAsyncEnumerable<TItem>
    where TItem : notnull
{
    public IAsyncEnumerator<TItem> GetAsyncEnumerator(CancellationToken cancellation = default) => client.Ready is { } connection
        ? connection.StreamAsync<TItem>(message, cancellationToken).GetAsyncEnumerator(cancellation)
        : EnumerateLaterAsync(cancellation);

    private async IAsyncEnumerator<TItem> EnumerateLaterAsync(CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, cancellation);
        var connection = await client.PassAsync<GhmsConnection>(static connection => new(connection), either.Token).ConfigureAwait(false);
        await foreach (var item in connection.StreamAsync<TItem>(message, either.Token).ConfigureAwait(false))
        {
            yield return item;
        }
    }
}
