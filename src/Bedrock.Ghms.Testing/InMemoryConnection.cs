using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Testing;

/// <summary>One end of a connection in memory. Completing its output is the peer's end of input.</summary>
public sealed class InMemoryConnection : DefaultConnectionContext, IConnectionLifetimeNotificationFeature
{
    private readonly CancellationTokenSource _closeRequested = new();
    private readonly BreakablePipe _receiving;
    private readonly BreakablePipe _sending;

    private InMemoryConnection(string id, BreakablePipe receiving, BreakablePipe sending)
        : base(id)
    {
        _receiving = receiving;
        _sending = sending;
        ConnectionClosed = default;
        ConnectionClosedRequested = _closeRequested.Token;
        LocalEndPoint = RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 0);
        Features.Set<IConnectionLifetimeNotificationFeature>(this);
        Transport = new InMemoryPipes(receiving.Reader, sending.Writer);
        Application = new InMemoryPipes(sending.Reader, receiving.Writer);
    }

    /// <inheritdoc/>
    public CancellationToken ConnectionClosedRequested { get; set; }

    /// <summary>Why this end was aborted, or <see langword="null"/>.</summary>
    public ConnectionAbortedException? AbortReason { get; private set; }

    /// <summary>Creates the two ends of a connection.</summary>
    /// <param name="options">How it behaves; the defaults if <see langword="null"/>.</param>
    public static (InMemoryConnection Client, InMemoryConnection Server) CreatePair(InMemoryOptions? options = null)
    {
        var pipes = (options ?? new InMemoryOptions()).ToPipeOptions();
        var (toServer, toClient) = (new BreakablePipe(pipes), new BreakablePipe(pipes));
        var id = Guid.NewGuid().ToString("N")[..12];
        return (new InMemoryConnection($"{id}-client", toClient, toServer), new InMemoryConnection($"{id}-server", toServer, toClient));
    }

    /// <summary>Asks whoever uses this end to finish, as a server does that shuts down.</summary>
    public void RequestClose() => _closeRequested.Cancel();

    /// <summary>Breaks the connection, as a reset does: both ends' reads fail, and a pending flush ends.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        AbortReason ??= abortReason;
        _receiving.Break(abortReason);
        _sending.Break(new ConnectionResetException("The peer reset the connection."));
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        // Not those of Transport, which middleware may have replaced.
        await _sending.Writer.CompleteAsync().ConfigureAwait(false);
        await _receiving.Reader.CompleteAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private sealed class InMemoryPipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input { get; } = input;

        public PipeWriter Output { get; } = output;
    }
}
