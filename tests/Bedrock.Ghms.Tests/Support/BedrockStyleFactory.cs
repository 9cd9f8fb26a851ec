using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>
/// A connection factory with middleware of its own that treats connections as Bedrock's client does: the connection it hands out is made before its middleware runs,
/// disposing of it disposes of the transport first and lets the middleware unwind after that, and a token that fires meanwhile changes nothing.
/// </summary>
/// <param name="inner">The transport.</param>
/// <param name="middleware">The first is the outermost.</param>
internal sealed class BedrockStyleFactory(IConnectionFactory inner, params Func<ConnectionDelegate, ConnectionDelegate>[] middleware) : IConnectionFactory
{
    /// <summary>The connections handed out so far.</summary>
    public List<Connection> Connections { get; } = [];

    /// <summary>Middleware that puts pipes of its own, over streams, in the place of the transport's, as one that logs does. It leaves those beneath open.</summary>
    public static ConnectionDelegate Streamed(ConnectionDelegate next) => async connection =>
    {
        var before = connection.Transport;
        var pipes = new Pipes(
            PipeReader.Create(before.Input.AsStream(leaveOpen: true), new StreamPipeReaderOptions(leaveOpen: true)),
            PipeWriter.Create(before.Output.AsStream(leaveOpen: true), new StreamPipeWriterOptions(leaveOpen: true)));
        connection.Transport = pipes;
        try
        {
            await next(connection);
        }
        finally
        {
            await pipes.Input.CompleteAsync();
            await pipes.Output.CompleteAsync();
            connection.Transport = before;
        }
    };

    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var connection = new Connection(await inner.ConnectAsync(endpoint, cancellationToken));
        Connections.Add(connection);
        ConnectionDelegate pipeline = innermost => ((Connection)innermost).HandOutAsync();
        return await connection.StartAsync(middleware.Reverse().Aggregate(pipeline, (next, each) => each(next)));
    }

    internal sealed class Connection(ConnectionContext inner) : ConnectionContext
    {
        private readonly TaskCompletionSource _handedOut = new();
        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task _middleware = Task.CompletedTask;

        /// <summary>Completes when the middleware has unwound.</summary>
        public Task Unwound => _middleware;

        public override string ConnectionId { get => inner.ConnectionId; set => inner.ConnectionId = value; }

        public override IFeatureCollection Features => inner.Features;

        public override IDictionary<object, object?> Items { get => inner.Items; set => inner.Items = value; }

        public override IDuplexPipe Transport { get => inner.Transport; set => inner.Transport = value; }

        public override EndPoint? RemoteEndPoint { get => inner.RemoteEndPoint; set => inner.RemoteEndPoint = value; }

        public override CancellationToken ConnectionClosed { get => inner.ConnectionClosed; set => inner.ConnectionClosed = value; }

        public async Task<ConnectionContext> StartAsync(ConnectionDelegate pipeline)
        {
            _middleware = RunAsync(pipeline);
            await _handedOut.Task;
            return this;
        }

        public Task HandOutAsync()
        {
            _handedOut.TrySetResult();
            return _disposed.Task;
        }

        public override void Abort(ConnectionAbortedException abortReason) => inner.Abort(abortReason);

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            _disposed.TrySetResult();
            await _middleware;
            await base.DisposeAsync();
        }

        private async Task RunAsync(ConnectionDelegate pipeline)
        {
            try
            {
                await pipeline(this);
            }
            catch (Exception exception)
            {
                _handedOut.TrySetException(exception);
            }
        }
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
