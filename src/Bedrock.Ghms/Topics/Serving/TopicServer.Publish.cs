using System.Buffers;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Topics.Wire;

namespace Bedrock.Ghms.Topics.Serving;

internal sealed partial class TopicServer
{
    /// <summary>Publishes a message of the application, through the sender pipes after this one.</summary>
    /// <exception cref="GhmsSendFailedException">Not everyone who is connected could be sent to; the others accepted it.</exception>
    public ValueTask<int> PublishAsync(string topic, object message, CancellationToken cancellationToken) =>
        _context.ChainSenders((piped, _, token) => PublishAsync(Wrap(topic, piped), token))(message, Recipients.All, cancellationToken);

    /// <summary>Clears what a topic retains.</summary>
    public async ValueTask ClearAsync(string topic, CancellationToken cancellationToken) =>
        await PublishAsync(new Publication(topic, Ghms.CloseCode), cancellationToken).ConfigureAwait(false);

    /// <summary>Publishes what a peer sent. Its publication is not given up because it has left meanwhile.</summary>
    private async ValueTask RelayAsync(GhmsConnection publisher, Publication publication)
    {
        if (_options.CanPublish is { } canPublish && !await canPublish(publisher, publication.Topic, publication.Code).ConfigureAwait(false))
        {
            Interlocked.Increment(ref _denied);
            CountDrops(DropReason.Denied, 1);
            LogDenied(publisher, publication);
            return;
        }

        try
        {
            await PublishAsync(publication, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // That a subscriber cannot have it is no fault of the publisher's connection.
            LogUndelivered(publication, publisher, exception);
        }
    }

    private Publication Wrap(string topic, object message)
    {
        var publication = new Publication(topic, _context.InnerMessages[0].CodeOf(message)) { Message = message };
        return Retains(topic) ? WithBytes(publication) : publication;
    }

    // The object stays the application's, to change or to use again: what is kept for later is what it is now.
    private Publication WithBytes(Publication publication)
    {
        var (message, encodings) = (publication.Message, _context.InnerMessages);
        var named = (message as RawMessage)?.Encoding;
        var source = encodings.FirstOrDefault(encoding => encoding.Encoding == named) ?? encodings[0];
        return new Publication(publication.Topic, publication.Code) { Message = message, Payload = Encode(message, source), Source = source };
    }

    private byte[] Encode(object message, InnerMessages inner)
    {
        var written = new ArrayBufferWriter<byte>();
        inner.Encode(message, written);
        var payload = written.WrittenMemory[sizeof(uint)..];
        return payload.Length <= _context.Options.MaxMessageSize
            ? payload.ToArray()
            : throw new GhmsMessageTooLargeException($"A payload of {payload.Length} bytes is larger than this side may send.");
    }

    private bool Retains(string topic) => _retained is not null && _options.Retains!(topic);

    private async ValueTask<int> PublishAsync(Publication publication, CancellationToken cancellationToken)
    {
        if (!Retains(publication.Topic))
        {
            return publication.IsClearing ? 0 : await DeliverAsync(publication, retain: false, cancellationToken).ConfigureAwait(false);
        }

        // One at a time for each such topic, so that the value it ends up with is the one that everybody got last.
        await _retaining.EnterAsync(publication.Topic, cancellationToken).ConfigureAwait(false);
        try
        {
            return await DeliverAsync(publication, retain: true, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _retaining.Exit(publication.Topic);
        }
    }
}
