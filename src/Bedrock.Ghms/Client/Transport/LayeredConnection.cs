using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Client.Transport;

/// <summary>The connection as the innermost middleware sees it; disposing it unwinds the middleware.</summary>
internal sealed class LayeredConnection : ConnectionContext
{
    private readonly ConnectionContext _inner;
    private readonly TaskCompletionSource<ConnectionContext> _handedOut = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ConnectionContext _outermost;
    private Task _running = Task.CompletedTask;

    public LayeredConnection(ConnectionContext inner)
    {
        _inner = inner;
        _outermost = inner;
    }

    public override string ConnectionId
    {
        get => _outermost.ConnectionId;
        set => _outermost.ConnectionId = value;
    }

    public override IFeatureCollection Features => _outermost.Features;

    public override IDictionary<object, object?> Items
    {
        get => _outermost.Items;
        set => _outermost.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _outermost.Transport;
        set => _outermost.Transport = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => _outermost.ConnectionClosed;
        set => _outermost.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _outermost.LocalEndPoint;
        set => _outermost.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _outermost.RemoteEndPoint;
        set => _outermost.RemoteEndPoint = value;
    }

    /// <summary>Runs the middleware until the connection comes out of it.</summary>
    /// <exception cref="TimeoutException">That took longer than <paramref name="timeout"/>.</exception>
    public async Task StartAsync(ConnectionDelegate pipeline, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        _running = RunAsync(pipeline);
        try
        {
            _outermost = await _handedOut.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _released.TrySetResult();
            _inner.Abort();
            if (_handedOut.Task.IsFaulted)
            {
                await _running.ConfigureAwait(false);
                throw;
            }

            // A caller that gave up does not wait for middleware which may hang: that ends in its own time.
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"The connection middleware took longer than {timeout}.", exception);
        }
    }

    /// <summary>The end of the chain: stays for as long as the connection is in use.</summary>
    public Task HandOutAsync(ConnectionContext connection)
    {
        _handedOut.TrySetResult(connection);
        return _released.Task;
    }

    public override void Abort(ConnectionAbortedException abortReason) => _outermost.Abort(abortReason);

    public override async ValueTask DisposeAsync()
    {
        _released.TrySetResult();
        await _running.ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task RunAsync(ConnectionDelegate pipeline)
    {
        try
        {
            await pipeline(_inner).ConfigureAwait(false);
            _handedOut.TrySetException(new IOException("The connection middleware ended without handing the connection on."));
        }
        catch (Exception exception)
        {
            // Before the connection is in use the caller hears it, unless it has given up; after that it is the middleware's own unwinding.
            _handedOut.TrySetException(exception);
            _ = _handedOut.Task.Exception;
        }
        finally
        {
            await _inner.DisposeAsync().ConfigureAwait(false);
        }
    }
}
