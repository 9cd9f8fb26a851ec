using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Bedrock.Ghms.Client;

namespace Bedrock.Ghms.Topics.Listening;

/// <summary>A subscription that is read at the reader's pace, out of a bounded buffer.</summary>
internal sealed class TopicBuffer<T>
{
    private readonly GhmsClient _client;
    private readonly TopicClient _topics;
    private readonly string _filter;
    private readonly BoundedChannelOptions _options;

    public TopicBuffer(GhmsClient client, TopicClient topics, string filter, TopicOverflow overflow, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (_client, _topics, _filter) = (client, topics, filter);
        _options = new BoundedChannelOptions(capacity)
        {
            SingleReader = true,
            FullMode = overflow switch
            {
                TopicOverflow.DropOldest => BoundedChannelFullMode.DropOldest,
                TopicOverflow.DropNewest => BoundedChannelFullMode.DropWrite,
                TopicOverflow.Wait => BoundedChannelFullMode.Wait,
                _ => throw new ArgumentOutOfRangeException(nameof(overflow)),
            },
        };
    }

    public async IAsyncEnumerable<TopicMessage<T>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = Channel.CreateBounded<TopicMessage<T>>(_options, _ => _topics.CountOverflow());
        var connection = _client.Connection;
        TopicHandler<T> handler = (topic, message, token) => AddAsync(buffer.Writer, new TopicMessage<T>(topic, message), token);
        var subscription = await _client.SubscribeAsync(_filter, handler, cancellationToken).ConfigureAwait(false);

        // What was received before the end is still read; then it shows that this is not the end of what is published.
        var ending = connection.Closed.UnsafeRegister(
            _ => buffer.Writer.TryComplete(new GhmsConnectionClosedException($"The connection {connection.Id} has ended.")), null);
        try
        {
            await foreach (var message in buffer.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return message;
            }
        }
        finally
        {
            // This first: the connection may be waiting for room here, and could not go on to the answer that ends the subscription.
            buffer.Writer.TryComplete();
            await subscription.DisposeAsync().ConfigureAwait(false);
            await ending.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async ValueTask AddAsync(ChannelWriter<TopicMessage<T>> buffer, TopicMessage<T> message, CancellationToken cancellationToken)
    {
        try
        {
            await buffer.WriteAsync(message, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            // Nobody reads any more.
        }
    }
}
