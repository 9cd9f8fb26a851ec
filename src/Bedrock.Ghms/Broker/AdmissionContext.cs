using System.Net;
using System.Security.Claims;
using Bedrock.Ghms.Broker.Upgrades;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Broker;

/// <summary>An upgrade request that is in order, for the host's own check. Not safe for concurrent use.</summary>
public sealed class AdmissionContext
{
    private readonly ConnectionContext _transport;
    private readonly UpgradeCandidate _candidate;

    internal AdmissionContext(ConnectionContext transport, UpgradeCandidate candidate, IReadOnlyDictionary<string, string> headers)
    {
        _transport = transport;
        _candidate = candidate;
        Headers = headers;
    }

    /// <summary>The transport's name for the connection, unique in this process.</summary>
    public string ConnectionId => _transport.ConnectionId;

    /// <summary>The broker that the path leads to.</summary>
    public GhmsBroker Broker => _candidate.Broker;

    /// <summary>The decoded path.</summary>
    public string Path => _candidate.Terms.Path;

    /// <summary>The query as it was sent, without the question mark; empty when there was none.</summary>
    public string Query => _candidate.Terms.Query;

    /// <summary>All header fields. Names are compared without case; fields of one name are one value, joined with commas. From the peer: do not log them raw.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The peer's address, if the transport knows it.</summary>
    public EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <summary>This side's address, if the transport knows it.</summary>
    public EndPoint? LocalEndPoint => _transport.LocalEndPoint;

    /// <summary>What the transport can tell about itself.</summary>
    public IFeatureCollection Features => _transport.Features;

    /// <summary>Who the peer is: becomes <see cref="GhmsConnection.User"/>.</summary>
    public ClaimsPrincipal? User
    {
        get => _candidate.User;
        set => _candidate.User = value;
    }

    /// <summary>What is put here is in <see cref="GhmsConnection.Items"/>.</summary>
    public IDictionary<object, object?> Items => _transport.Items;
}
