using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Broker.Timing;

/// <summary>Closes the socket of a finished connection, should it still be open when the time is up.</summary>
/// <remarks>
/// A transport that is disposed sends what its buffer holds first, without a deadline. A peer that ends its side and never reads
/// would so hold a socket and two full buffers for as long as it likes, when the connection no longer counts anywhere. It is the
/// socket that is closed and not the transport that is aborted, because closing it twice is harmless and it is all that is kept.
/// </remarks>
internal sealed class SocketDeadline : ITicked
{
    private readonly Socket _socket;
    private readonly Ticker _ticker;
    private readonly Ticker.Entry? _entry;

    private SocketDeadline(Socket socket, Ticker ticker, TimeSpan time)
    {
        _socket = socket;
        _ticker = ticker;
        _entry = ticker.Add(this, time);
    }

    public static void Set(ConnectionContext transport, Ticker ticker, TimeSpan time)
    {
        if (transport.Features.Get<IConnectionSocketFeature>() is { } feature)
        {
            _ = new SocketDeadline(feature.Socket, ticker, time);
        }
    }

    void ITicked.Tick(long now)
    {
        if (_entry is not null)
        {
            _ticker.Remove(_entry);
        }

        _socket.Dispose();
    }
}
