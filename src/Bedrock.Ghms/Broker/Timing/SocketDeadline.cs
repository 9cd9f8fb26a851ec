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
    // Nearly every socket is closed by the first look, and neither it nor this is held any longer.
    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly GhmsBroker _broker;
    private readonly TimeSpan _time;
    private readonly long _setAt;
    private readonly Ticker.Entry? _entry;

    private SocketDeadline(Socket socket, GhmsBroker broker, TimeSpan time)
    {
        _socket = socket;
        _broker = broker;
        _time = time;
        _setAt = broker.Time.GetTimestamp();
        _entry = broker.Ticker.Add(this, TickPeriod);
    }

    public static void Set(ConnectionContext transport, GhmsBroker broker, TimeSpan time)
    {
        if (transport.Features.Get<IConnectionSocketFeature>()?.Socket is { SafeHandle.IsClosed: false } socket)
        {
            _ = new SocketDeadline(socket, broker, time);
        }
    }

    void ITicked.Tick(long now)
    {
        var isClosed = _socket.SafeHandle.IsClosed;
        if ((isClosed || _broker.Time.GetElapsedTime(_setAt, now) >= _time) && _entry is not null)
        {
            _broker.Ticker.Remove(_entry);
            _socket.Dispose();
        }
    }
}
