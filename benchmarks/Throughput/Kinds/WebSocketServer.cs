using System.Buffers;
using System.Net.WebSockets;
using Bedrock.Ghms.Baseline;
using MessagePack;
using Microsoft.AspNetCore.Http;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>Echoes, and announcements that are encoded once and sent to every socket at a time.</summary>
/// <remarks>
/// A socket takes one send at a time. So announcements take turns; echoes need not, for no load sends both at a time.
/// </remarks>
internal sealed class WebSocketServer(Counter handled) : IDisposable
{
    private const int BufferSize = 4096;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<WebSocket> _sockets = [];
    private readonly List<Task> _pending = [];

    public async Task ServeAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        await InTurnAsync(() => _sockets.Add(socket));
        try
        {
            await ReceiveAsync(socket, context.RequestAborted);
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException)
        {
            // The peer is gone without a word.
        }
        finally
        {
            await InTurnAsync(() => _sockets.Remove(socket));
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task ReceiveAsync(WebSocket socket, CancellationToken aborted)
    {
        byte[] buffer = new byte[BufferSize];
        var output = new ArrayBufferWriter<byte>();
        int filled = 0;
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(filled), aborted);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, aborted);
                return;
            }

            filled += received.Count;
            if (received.EndOfMessage)
            {
                await HandleAsync(socket, buffer[0], buffer.AsMemory(1, filled - 1), output, aborted);
                output.ResetWrittenCount();
                filled = 0;
            }
        }
    }

    private ValueTask HandleAsync(
        WebSocket socket, byte code, ReadOnlyMemory<byte> payload, ArrayBufferWriter<byte> output, CancellationToken aborted)
    {
        handled.Add(1);
        Message message = MessagePackSerializer.Deserialize<Message>(payload, cancellationToken: CancellationToken.None);
        if (code == MessageCode.OneWay)
        {
            return default;
        }

        output.GetSpan()[0] = code;
        output.Advance(1);
        MessagePackSerializer.Serialize(output, message, cancellationToken: CancellationToken.None);
        return code == MessageCode.Announcement
            ? PublishAsync(output.WrittenMemory)
            : socket.SendAsync(output.WrittenMemory, WebSocketMessageType.Binary, endOfMessage: true, aborted);
    }

    private async ValueTask PublishAsync(ReadOnlyMemory<byte> message)
    {
        await _turn.WaitAsync();
        try
        {
            foreach (WebSocket socket in _sockets)
            {
                ValueTask sent = socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, default);
                if (!sent.IsCompletedSuccessfully)
                {
                    _pending.Add(sent.AsTask());
                }
            }

            await Task.WhenAll(_pending);
        }
        catch (WebSocketException)
        {
            // One of them has gone, as its own loop will find.
        }
        finally
        {
            _pending.Clear();
            _turn.Release();
        }
    }

    private async Task InTurnAsync(Action action)
    {
        await _turn.WaitAsync();
        try
        {
            action();
        }
        finally
        {
            _turn.Release();
        }
    }
}
