using System.Net;
using System.Net.Sockets;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>A port of the loopback interface at which nobody listens, and that nobody is given who asks for any.</summary>
/// <remarks>Who asks for this one may listen at it all the same, for an address may be shared that no more than one listens at: by sockets that let it
/// be reused, as .NET's do and those of most servers.</remarks>
internal sealed class HeldPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public HeldPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public int Number => EndPoint.Port;

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public void Dispose() => _socket.Dispose();
}
