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
        TopicHandler<T> handler = (topic, message, token) => AddAsync(buffer.Writer, new TopicMessage<T>(topic, message), token);
        var subscription = await _topics.SubscribeAsync(
            _client, _filter, handler, refusal => buffer.Writer.TryComplete(refusal), cancellationToken).ConfigureAwait(false);

        // What was received before the end is still read; then it shows that this is not the end of what is published.
        EventHandler<GhmsClientStateChange> ending = (_, change) => CompleteIfOver(change.New, change.Cause, buffer.Writer);
        _client.StateChanged += ending;
        CompleteIfOver(_client.State, cause: null, buffer.Writer);
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
            _client.StateChanged -= ending;
            await subscription.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static void CompleteIfOver(GhmsClientState state, Exception? cause, ChannelWriter<TopicMessage<T>> buffer)
    {
        if (state is GhmsClientState.Closed or GhmsClientState.Disconnected)
        {
            buffer.TryComplete(cause as GhmsConnectionClosedException ?? new GhmsConnectionClosedException("The client has no connection any more.", cause));
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
