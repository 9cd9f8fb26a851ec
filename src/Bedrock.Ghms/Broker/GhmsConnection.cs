using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Claims;
using Bedrock.Ghms.Broker.Inbound;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Broker.Timing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Broker;

/// <summary>One upgraded connection of a broker. Safe for concurrent use.</summary>
/// <remarks>This file holds what a connection is; how it sends, runs, ends and keeps time stands in files of their own.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no wait handle: there is nothing to dispose.")]
public sealed partial class GhmsConnection : IMessageSender, ITicked
{
    private static uint _lastNumber;

    private readonly ConnectionContext _transport;
    private readonly ConnectionTerms _terms;
    private readonly OutboundPipe _outbound;
    private readonly ReadLoop _reader;
    private readonly int _maxPayload;

    internal GhmsConnection(GhmsBroker broker, ConnectionContext transport, ConnectionTerms terms)
    {
        Broker = broker;
        _transport = transport;
        _terms = terms;
        _maxPayload = (int)Math.Min(broker.Options.MaxMessageSize, terms.PeerMaxMessageSize ?? uint.MaxValue);
        _outbound = new OutboundPipe(transport.Transport.Output, this, broker.Options.Outbound, broker.Time);
        _reader = new ReadLoop(this, transport.Transport.Input);
        Number = Interlocked.Increment(ref _lastNumber);
    }

    /// <summary>The transport's name for this connection, unique in this process.</summary>
    public string Id => _transport.ConnectionId;

    /// <summary>The broker this connection belongs to.</summary>
    public GhmsBroker Broker { get; }

    /// <summary>The decoded path of the upgrade request.</summary>
    public string Path => _terms.Path;

    /// <summary>The query of the upgrade request as it was sent, without the question mark; empty when there was none.</summary>
    public string Query => _terms.Query;

    /// <summary>The media type of this connection's encoding, in its canonical form.</summary>
    public string Encoding => Broker.Registry.Encodings[_terms.Encoding].MediaType;

    /// <summary>Those fields of the upgrade request that <see cref="UpgradeOptions.KeptHeaders"/> asks for; names are compared without case.</summary>
    public IReadOnlyDictionary<string, string> Headers => _terms.Headers ?? ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The peer's address, if the transport knows it.</summary>
    public EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <summary>This side's address, if the transport knows it.</summary>
    public EndPoint? LocalEndPoint => _transport.LocalEndPoint;

    /// <summary>What the transport can tell about itself, as long as the connection is open.</summary>
    public IFeatureCollection Features => _transport.Features;

    /// <summary>Who the peer is, if the host established that. On a mapped endpoint it is the request's user, authenticated or not.</summary>
    public ClaimsPrincipal? User { get; set; }

    /// <summary>A place for the application's own data about this connection. Not safe for concurrent writes.</summary>
    public IDictionary<object, object?> Items => _transport.Items;

    /// <summary>Fires when the connection ends.</summary>
    public CancellationToken Closed => (Volatile.Read(ref _closed) ?? MakeClosed()).Token;

    /// <summary>Why the connection ended, or <see langword="null"/> while it has not.</summary>
    public ConnectionEnd? End => Volatile.Read(ref _end);

    /// <summary>Completes, never with a failure, when the connection has ended and its handlers are done.</summary>
    public Task Completion => _completion.Task;

    /// <summary>What waits to be sent to the peer: bytes, with a fixed charge for each message.</summary>
    public long PendingBytes => _outbound.Pending;

    /// <summary>Messages that were lost before they were written: accepted, and the connection ended; or of a type that may be dropped,
    /// because the consumer was too slow.</summary>
    public long DroppedMessages => Volatile.Read(ref _dropped);

    /// <summary>Whether the connection takes messages to send.</summary>
    public bool IsOpen => Volatile.Read(ref _end) is null;

    internal uint Number { get; }

    /// <summary>The place in the broker's <see cref="ConnectionSet"/>, which alone uses it; -1 outside.</summary>
    internal int Index { get; set; } = -1;

    internal OutboundPipe Outbound => _outbound;

    /// <summary>The largest payload that this side sends and the peer accepts, in bytes.</summary>
    internal int MaxPayload => _maxPayload;

    internal int EncodingOrdinal => _terms.Encoding;

    /// <summary>Whether the read loop waits for bytes, so that the peer's silence counts.</summary>
    internal bool IsReading => _reader.ReadingSince != ReadLoop.NotReading;

    internal long SentMessages => _outbound.AcceptedMessages;

    internal long ReceivedMessages => _reader.Received;

    internal Traffic Traffic => new(SentMessages, ReceivedMessages, _outbound.SentBytes, _reader.ReceivedBytes);

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {Path}";
}
