using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Broker.Patterns;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsBroker
{
    /// <summary>Sends <paramref name="message"/> to every connection, through the pipes and the distribution pattern.</summary>
    /// <param name="message">An instance of a registered type, or a <see cref="RawMessage"/>.</param>
    /// <param name="cancellationToken">Bounds the wait for room, as does the broker's time-out, whichever is earlier; without effect once the message has been accepted.</param>
    /// <returns>How many connections accepted the message into their bounded room. Neither written nor delivered is implied;
    /// what happens later shows in <see cref="GhmsConnection.End"/> and <see cref="GhmsConnection.DroppedMessages"/>.</returns>
    /// <remarks>The wait is only for a majority: as soon as fewer than half of the recipients are over their soft limit, all
    /// get the message, and those beyond their hard limit are disconnected. Messages of one sender keep their order on each connection.</remarks>
    /// <exception cref="GhmsNoConnectionsException">There is no connection.</exception>
    /// <exception cref="GhmsConnectionClosedException">The broker has been closed.</exception>
    /// <exception cref="GhmsInvalidMessageCodeException">The message's type is not registered.</exception>
    /// <exception cref="GhmsSendFailedException">The send failed for some connections; the others received the message.</exception>
    /// <exception cref="TimeoutException">There was no room in time; nobody received the message.</exception>
    /// <exception cref="OperationCanceledException">The token fired before there was room; nobody received the message.</exception>
    public ValueTask<int> SendAsync(object message, CancellationToken cancellationToken = default) =>
        SendAsync(message, Recipients.All, cancellationToken);

    /// <summary>Sends <paramref name="message"/> to those of <paramref name="connections"/> that the pipes and the distribution pattern choose.</summary>
    /// <inheritdoc cref="SendAsync(object, CancellationToken)"/>
    /// <param name="message">An instance of a registered type, or a <see cref="RawMessage"/>.</param>
    /// <param name="connections">Whom to send to; duplicates count once. An empty set sends to nobody and returns 0.</param>
    /// <param name="cancellationToken">Bounds the wait for room.</param>
    /// <exception cref="ArgumentException">One of them belongs to another broker.</exception>
    public ValueTask<int> SendAsync(
        object message, IReadOnlyCollection<GhmsConnection> connections, CancellationToken cancellationToken = default) =>
        SendAsync(message, Recipients.Of(connections), cancellationToken);

    /// <summary>Sends <paramref name="message"/> to <paramref name="recipients"/>, through the pipes and the distribution pattern.</summary>
    /// <inheritdoc cref="SendAsync(object, CancellationToken)"/>
    /// <param name="message">An instance of a registered type, or a <see cref="RawMessage"/>.</param>
    /// <param name="recipients">Whom to send to.</param>
    /// <param name="cancellationToken">Bounds the wait for room.</param>
    public ValueTask<int> SendAsync(object message, Recipients recipients, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        try
        {
            ThrowIfClosed();
            return _send(message, recipients, cancellationToken);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<int>(exception);
        }
    }

    /// <summary>Completes when everything accepted before this call was handed to the transport, on every connection that is still open.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        foreach (var flushed in _connections.Snapshot.Select(connection => (connection, task: connection.FlushAsync(cancellationToken))).ToArray())
        {
            try
            {
                await flushed.task.ConfigureAwait(false);
            }
            catch (GhmsConnectionClosedException) when (!flushed.connection.IsOpen)
            {
                // It ended meanwhile, which its end reason and counters tell.
            }
        }
    }

    internal Task WaitAsync(Task room, long startedAt, CancellationToken cancellationToken)
    {
        var left = Options.Timeout - Time.GetElapsedTime(startedAt);
        return room.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, Time, cancellationToken);
    }

    /// <summary>The end of the sender pipes: asks the pattern, then hands the message to each connection.</summary>
    private ValueTask<int> DistributeAsync(object message, Recipients recipients, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (recipients.Connection is { } only && (recipients.IsExact || _pattern is PublishPattern))
        {
            return Own(only).Transmit(message, cancellationToken);
        }

        var candidates = CandidatesOf(recipients);
        if (candidates.IsEmpty)
        {
            return new ValueTask<int>(0);
        }

        var named = !recipients.IsAll;
        if (!recipients.IsExact)
        {
            var chosen = _pattern.Choose(message, candidates);
            if (chosen.Connection is { } one)
            {
                return TransmitAsync(Own(one), named, message, cancellationToken);
            }

            if (named && chosen.Many is { Count: 0 } && candidates.All(candidate => !candidate.IsOpen))
            {
                // The pattern had nobody to choose from, and ended connections that are named are an error.
                throw GhmsSendFailedException.For([.. candidates.Select(ended => new SendFailure(ended, ended.ClosedError()))], accepted: 0);
            }

            candidates = chosen.Many is { } many ? Distinct(many) : candidates;
        }

        return candidates.Length == 1
            ? TransmitAsync(candidates[0], named, message, cancellationToken)
            : new Broadcast(this, message, candidates, named).SendAsync(cancellationToken);
    }

    // One of all that ended before it accepted the message is skipped, as it is among many; one that was named is an error.
    private static ValueTask<int> TransmitAsync(GhmsConnection recipient, bool named, object message, CancellationToken cancellationToken)
    {
        if (named)
        {
            return recipient.Transmit(message, cancellationToken);
        }

        try
        {
            var sending = recipient.Transmit(message, cancellationToken);
            return sending.IsCompletedSuccessfully ? sending : SkipIfEndedAsync(sending);
        }
        catch (GhmsConnectionClosedException)
        {
            return new ValueTask<int>(0);
        }
    }

    private static async ValueTask<int> SkipIfEndedAsync(ValueTask<int> sending)
    {
        try
        {
            return await sending.ConfigureAwait(false);
        }
        catch (GhmsConnectionClosedException)
        {
            return 0;
        }
    }

    private ImmutableArray<GhmsConnection> CandidatesOf(Recipients recipients)
    {
        if (recipients.IsAll)
        {
            var everyone = _connections.Snapshot;
            return everyone.IsEmpty ? throw new GhmsNoConnectionsException("Nobody is connected.") : everyone;
        }

        if (recipients.IsDistinct)
        {
            var each = ImmutableCollectionsMarshal.AsImmutableArray((GhmsConnection[])recipients.Many!);
            if (FlushBatch.Current is { } batch && batch.Broadcasts.IsOpenFor(each))
            {
                // They have been looked at when the first message was for them.
                return each;
            }

            foreach (var connection in each)
            {
                Own(connection);
            }

            return each;
        }

        return recipients.Connection is { } one ? [Own(one)] : Distinct(recipients.Many!);
    }

    private ImmutableArray<GhmsConnection> Distinct(IReadOnlyCollection<GhmsConnection> connections)
    {
        var distinct = new HashSet<GhmsConnection>(connections.Count);
        var kept = new GhmsConnection[connections.Count];
        var count = 0;
        foreach (var connection in connections)
        {
            if (distinct.Add(Own(connection)))
            {
                kept[count++] = connection;
            }
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(count == kept.Length ? kept : kept[..count]);
    }

    private GhmsConnection Own(GhmsConnection connection) =>
        ReferenceEquals(connection?.Broker, this)
            ? connection
            : throw new ArgumentException(connection is null ? "A connection is null." : $"The connection {connection.Id} belongs to another broker.");
}
