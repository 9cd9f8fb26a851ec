using System.Buffers;
using System.Collections.Immutable;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Topics.Wire;

namespace Bedrock.Ghms.Topics.Serving;

internal sealed partial class TopicServer
{
    private int _opening;

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
            LogUndelivered(publication, publisher.Id, exception);
        }
    }

    private Publication Wrap(string topic, object message)
    {
        var inner = _context.InnerMessages;
        var code = inner[0].CodeOf(message);
        if (!Retains(topic))
        {
            return new Publication(topic, code) { Message = message };
        }

        // The object stays the application's, to change or to use again: what is retained is what it was now.
        var encoding = (message as RawMessage)?.Encoding;
        var source = inner.FirstOrDefault(candidate => candidate.Encoding == encoding) ?? inner[0];
        return new Publication(topic, code) { Message = message, Payload = Encode(message, source), Source = source };
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

    private ValueTask<int> DeliverAsync(Publication publication, bool retain, CancellationToken cancellationToken)
    {
        ImmutableArray<GhmsConnection> recipients;
        var deferred = 0;
        using (_order.Read())
        {
            if (retain)
            {
                Retain(publication);
            }

            recipients = publication.IsClearing ? [] : _index.Match(publication.Topic);
            if (_opening > 0)
            {
                (recipients, deferred) = Defer(publication, recipients);
            }
        }

        return recipients.IsEmpty ? new ValueTask<int>(deferred) : SendAsync(publication, recipients, deferred, cancellationToken);
    }

    private void Retain(Publication publication)
    {
        if (publication.IsClearing)
        {
            _retained!.Clear(publication.Topic);
        }
        else if (!_retained!.TrySet(publication.Topic, publication.AsBytes(), publication.Payload!.Length)
            && Interlocked.Increment(ref _notRetained) == 1)
        {
            LogNotRetained(_options.MaxRetained, _options.MaxRetainedBytes);
        }
    }

    // Who is still being sent what the topics retained gets this behind it.
    private (ImmutableArray<GhmsConnection> Ready, int Deferred) Defer(Publication publication, ImmutableArray<GhmsConnection> recipients)
    {
        var ready = recipients.RemoveAll(recipient => _subscribers.TryGetValue(recipient, out var subscriber) && subscriber.TryDefer(publication));
        return (ready, recipients.Length - ready.Length);
    }

    private static int CountUndelivered(GhmsSendFailedException failed) =>
        failed.Failures.Count(failure => failure.Exception is not GhmsConnectionClosedException);

    private async ValueTask<int> SendAsync(
        Publication publication, ImmutableArray<GhmsConnection> recipients, int deferred, CancellationToken cancellationToken)
    {
        try
        {
            return deferred + await _context.SendAsync(publication, Recipients.ExactlyEach(recipients), cancellationToken).ConfigureAwait(false);
        }
        catch (GhmsConnectionClosedException)
        {
            // Who has left is no subscriber any more; the others have it.
            return deferred + recipients.Count(recipient => recipient.IsOpen);
        }
        catch (GhmsSendFailedException failed)
        {
            Interlocked.Add(ref _undelivered, CountUndelivered(failed));
            throw;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Interlocked.Add(ref _undelivered, recipients.Length);
            throw;
        }
    }
}
