using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Client.Transport;

/// <summary>A connected socket as a pair of pipes, with the life cycle of Kestrel's own: completing the output sends what is left and shuts both directions.</summary>
internal sealed class SocketConnection : DefaultConnectionContext, IConnectionSocketFeature
{
    private static readonly PipeOptions InputOptions = new(writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false);

    // A flush sends on the thread that asked for it; the socket takes the bytes at once unless the peer does not read.
    private static readonly PipeOptions OutputOptions = new(readerScheduler: PipeScheduler.Inline, useSynchronizationContext: false);

    private readonly Socket _socket;
    private readonly Pipe _input = new(InputOptions);
    private readonly Pipe _output = new(OutputOptions);
    private readonly CancellationTokenSource _closed = new();
    private readonly Task _running;
    private Exception? _abortReason;
    private bool _isShutDown;

    public SocketConnection(Socket socket)
        : base(Guid.NewGuid().ToString("N"))
    {
        _socket = socket;
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Features.Set<IConnectionSocketFeature>(this);
        Transport = new SocketPipes(_input.Reader, _output.Writer);
        Application = new SocketPipes(_output.Reader, _input.Writer);
        _running = RunAsync();
    }

    /// <inheritdoc/>
    public Socket Socket => _socket;

    public override void Abort(ConnectionAbortedException abortReason)
    {
        Interlocked.CompareExchange(ref _abortReason, abortReason, null);
        _output.Reader.CancelPendingRead();
        _socket.Dispose();
    }

    public override async ValueTask DisposeAsync()
    {
        // Not those of Transport: a factory of another maker may dispose of this before its middleware has put them back.
        await _input.Reader.CompleteAsync().ConfigureAwait(false);
        await _output.Writer.CompleteAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _socket.Dispose();
        _closed.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var receiving = ReceiveAsync();
        await SendAsync().ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
        await _closed.CancelAsync().ConfigureAwait(false);
    }

    private async Task ReceiveAsync()
    {
        Exception? error = null;
        try
        {
            while (true)
            {
                // Wait before taking memory, so that an idle connection holds none.
                await _socket.ReceiveAsync(Memory<byte>.Empty).ConfigureAwait(false);
                if (_socket.Available == 0 && !_socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
                {
                    // This was news of bytes that have been received before.
                    continue;
                }

                var count = await _socket.ReceiveAsync(_input.Writer.GetMemory()).ConfigureAwait(false);
                if (count == 0)
                {
                    error = FindReset();
                    break;
                }

                _input.Writer.Advance(count);
                var flushed = await _input.Writer.FlushAsync().ConfigureAwait(false);
                if (flushed.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            error = new ConnectionResetException(exception.Message, exception);
        }

        // An abort may also look like the peer's FIN from here, because it ends the sending side first.
        await _input.Writer.CompleteAsync(Volatile.Read(ref _abortReason) ?? error).ConfigureAwait(false);
    }

    // A socket tells of a reset once. If a send has been told, what is left for a read looks like the peer's FIN, but nothing can be sent any more.
    private ConnectionResetException? FindReset()
    {
        try
        {
            if (_socket.ProtocolType == ProtocolType.Tcp)
            {
                _socket.Send(ReadOnlySpan<byte>.Empty);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return Volatile.Read(ref _isShutDown) ? null : new ConnectionResetException(exception.Message, exception);
        }

        return null;
    }

    private async Task SendAsync()
    {
        Exception? error = null;
        try
        {
            while (true)
            {
                var result = await _output.Reader.ReadAsync().ConfigureAwait(false);
                foreach (var segment in result.Buffer)
                {
                    await SendAllAsync(segment).ConfigureAwait(false);
                }

                _output.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || result.IsCanceled)
                {
                    break;
                }
            }

            Volatile.Write(ref _isShutDown, true);
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception)
        {
            // The socket failed, or the writer completed the output with an error: what was sent is not all there was to say,
            // and no FIN may claim that.
            error = exception;
            Interlocked.CompareExchange(ref _abortReason, new ConnectionResetException(exception.Message, exception), null);
            _socket.Close(0);
        }

        await _output.Reader.CompleteAsync(error).ConfigureAwait(false);
    }

    private async ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes).ConfigureAwait(false)..];
        }
    }

    private sealed class SocketPipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input { get; } = input;

        public PipeWriter Output { get; } = output;
    }
}
