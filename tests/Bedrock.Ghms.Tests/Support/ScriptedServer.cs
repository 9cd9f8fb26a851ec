using System.IO.Pipelines;
using System.Net;
using System.Text;
using Bedrock.Ghms.Testing;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>A server that sends what it is told to, whatever it is asked; each connection is handed to the test.</summary>
/// <param name="answer">What is sent on every connection at once, one byte for each character; nothing if <see langword="null"/>.</param>
/// <param name="finish">Whether the stream ends behind it.</param>
/// <param name="watch">Whether to fill <see cref="FirstReads"/>, which leaves nothing for the test to read.</param>
internal sealed class ScriptedServer(string? answer = null, bool finish = false, bool watch = false) : IConnectionFactory
{
    /// <summary>A plain acceptance, up to and including the blank line.</summary>
    public const string Accepts =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nContent-Type: application/json\r\n\r\n";

    /// <summary>The far ends of the connections made so far.</summary>
    public List<RawPeer> Peers { get; } = [];

    /// <summary>The near ends.</summary>
    public List<InMemoryConnection> Transports { get; } = [];

    /// <summary>The first that each client sent: completes inside its flush, or fails with its abort.</summary>
    public List<Task<ReadResult>> FirstReads { get; } = [];

    /// <summary>The end points that were asked for.</summary>
    public List<EndPoint> Asked { get; } = [];

    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var (client, server) = InMemoryConnection.CreatePair(new InMemoryOptions { PauseThreshold = 1_048_576, Scheduler = watch ? PipeScheduler.Inline : PipeScheduler.ThreadPool });
        var peer = new RawPeer(server);
        Asked.Add(endpoint);
        Peers.Add(peer);
        Transports.Add(client);
        if (watch)
        {
            FirstReads.Add(peer.Input.ReadAsync(CancellationToken.None).AsTask());
        }

        if (answer is not null)
        {
            await peer.SendAsync(Encoding.Latin1.GetBytes(answer));
        }

        if (finish)
        {
            await peer.FinishAsync();
        }

        return client;
    }
}
