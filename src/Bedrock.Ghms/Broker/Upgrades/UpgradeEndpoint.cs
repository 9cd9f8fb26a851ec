using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Broker.Upgrades;

/// <summary>The server side of the upgrade (sections 1 and 2 of the protocol): takes fresh transports and gives them to brokers by path.</summary>
/// <remarks>Safe for concurrent use; one endpoint may serve several listeners, which then share its limit of unfinished upgrades.</remarks>
public sealed class UpgradeEndpoint
{
    private readonly GhmsBroker? _everyPath;
    private readonly FrozenDictionary<string, KeyValuePair<string, GhmsBroker>>.AlternateLookup<ReadOnlySpan<char>> _byPath;
    private int _pending;

    /// <summary>Creates an endpoint at which one broker takes every path.</summary>
    public UpgradeEndpoint(GhmsBroker broker)
    {
        ArgumentNullException.ThrowIfNull(broker);
        _everyPath = broker;
        First = broker;
    }

    /// <summary>Creates an endpoint that maps decoded paths to brokers; any other path gets 404.</summary>
    /// <param name="brokers">Brokers by path. The limits of unfinished upgrades are those of the first one.</param>
    /// <exception cref="ArgumentException">There is none, or a path does not begin with a slash.</exception>
    public UpgradeEndpoint(IReadOnlyDictionary<string, GhmsBroker> brokers)
    {
        ArgumentNullException.ThrowIfNull(brokers);
        if (brokers.Count == 0)
        {
            throw new ArgumentException("At least one path is needed.", nameof(brokers));
        }

        if (brokers.Keys.FirstOrDefault(path => !path.StartsWith('/')) is { } wrong)
        {
            throw new ArgumentException($"The path '{wrong}' does not begin with a slash.", nameof(brokers));
        }

        _byPath = brokers.ToFrozenDictionary(entry => entry.Key, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        First = brokers.Values.First();
    }

    internal GhmsBroker First { get; }

    /// <summary>Upgrades <paramref name="transport"/> and runs the connection, or refuses it with a complete response.</summary>
    /// <returns>A task that completes, never with a failure, when the transport is done with. The transport still is the caller's to dispose.</returns>
    public async Task RunAsync(ConnectionContext transport)
    {
        ArgumentNullException.ThrowIfNull(transport);
        if (await UpgradeAsync(transport).ConfigureAwait(false) is not { } connection)
        {
            return;
        }

        var broker = connection.Broker;
        var shutdown = transport.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        try
        {
            // It is taken in before it can be told to close: the broker must not take in what has ended already.
            broker.TakeIn(connection);
            using (shutdown.UnsafeRegister(static connection => _ = ((GhmsConnection)connection!).GoAwayAsync(), connection))
            {
                await connection.RunAsync(ownsTransport: false).ConfigureAwait(false);
            }
        }
        finally
        {
            broker.Room.LeaveWhen(transport.RemoteEndPoint, transport.ConnectionClosed);
        }
    }

    /// <summary>Finds the broker at <paramref name="path"/>.</summary>
    /// <param name="path">A decoded path.</param>
    /// <param name="broker">The broker.</param>
    /// <param name="text">The path as text, which the connections of a mapped path share.</param>
    internal bool TryFind(ReadOnlySpan<char> path, [NotNullWhen(true)] out GhmsBroker? broker, [NotNullWhen(true)] out string? text)
    {
        if (_everyPath is not null)
        {
            (broker, text) = (_everyPath, path is "/" ? "/" : path.ToString());
            return true;
        }

        var isMapped = _byPath.TryGetValue(path, out var mapped);
        (text, broker) = (mapped.Key, mapped.Value);
        return isMapped;
    }

    private async Task<GhmsConnection?> UpgradeAsync(ConnectionContext transport)
    {
        try
        {
            if (Interlocked.Increment(ref _pending) <= First.Options.Upgrade.MaxPending)
            {
                return await new UpgradeAttempt(this, transport).RunAsync().ConfigureAwait(false);
            }

            First.OnTooManyUpgrades(transport.ConnectionId, transport.RemoteEndPoint, asked: null);
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }

        await transport.Transport.Output.CompleteAsync().ConfigureAwait(false);
        await transport.Transport.Input.CompleteAsync().ConfigureAwait(false);
        return null;
    }
}
