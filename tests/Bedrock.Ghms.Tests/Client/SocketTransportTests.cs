using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms.Client.Transport;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Tests.Client;

/// <summary>The client's own transport, on real sockets.</summary>
public sealed class SocketTransportTests
{
    private readonly SocketConnectionFactory _factory = new();

    // It keeps its port, so that nobody else comes to listen there.
    private readonly Socket _deaf = Bind(new IPEndPoint(IPAddress.Loopback, 0));

    [OneTimeTearDown]
    public void LetGo() => _deaf.Dispose();

    [Test]
    public async Task Bytes_go_both_ways_until_each_side_has_finished()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        await using var connection = await _factory.ConnectAsync(listener.LocalEndPoint!).InTime();
        using var peer = await listener.AcceptAsync().InTime();
        await connection.Transport.Output.WriteAsync("ping"u8.ToArray()).InTime();
        var bytes = new byte[16];
        Assert.That(await peer.ReceiveAsync(bytes).InTime(), Is.EqualTo(4));
        await peer.SendAsync("pong!"u8.ToArray());
        Assert.That((await connection.Transport.Input.ReadAsync().InTime()).Buffer.Length, Is.EqualTo(5));
        Assert.That((connection.LocalEndPoint, connection.RemoteEndPoint), Is.EqualTo((peer.RemoteEndPoint, listener.LocalEndPoint)));
        await connection.Transport.Output.CompleteAsync();
        Assert.That(await peer.ReceiveAsync(bytes).InTime(), Is.Zero, "FIN");
    }

    [Test]
    public async Task A_name_is_resolved()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        await using var connection = await _factory.ConnectAsync(new DnsEndPoint("localhost", port)).InTime();
        Assert.That(((IPEndPoint)connection.RemoteEndPoint!).Port, Is.EqualTo(port));
    }

    [Test]
    public async Task Each_address_is_tried_until_one_lets_us_in()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        await using var connection = await SocketConnectionFactory.ConnectToAnyAsync([Closed(), Closed(), listener.LocalEndPoint!, Closed()], default).InTime();
        Assert.That(connection.RemoteEndPoint, Is.EqualTo(listener.LocalEndPoint));
    }

    [Test]
    public void The_error_is_that_of_the_last_address() => Assert.That(
        async () => await SocketConnectionFactory.ConnectToAnyAsync([Closed(), Closed()], default).InTime(),
        Throws.InstanceOf<SocketException>().With.Property(nameof(SocketException.SocketErrorCode)).EqualTo(SocketError.ConnectionRefused));

    [Test]
    public void A_name_without_an_address_of_the_family_asked_for_is_unknown() => Assert.That(
        async () => await _factory.ConnectAsync(new DnsEndPoint("127.0.0.1", 1, AddressFamily.InterNetworkV6)).InTime(),
        Throws.InstanceOf<SocketException>().With.Property(nameof(SocketException.SocketErrorCode)).EqualTo(SocketError.HostNotFound));

    [Test]
    public async Task A_Unix_domain_socket_is_a_transport_too()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using var listener = Listen(new UnixDomainSocketEndPoint(path));
            await using var connection = await _factory.ConnectAsync(new UnixDomainSocketEndPoint(path)).InTime();
            using var peer = await listener.AcceptAsync().InTime();
            await connection.Transport.Output.WriteAsync("ping"u8.ToArray()).InTime();
            Assert.That(await peer.ReceiveAsync(new byte[16]).InTime(), Is.EqualTo(4));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Another_kind_of_end_point_is_not_supported() => Assert.That(
        async () => await _factory.ConnectAsync(new Odd()).InTime(), Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(Odd)));

    [Test]
    public void A_connect_that_takes_too_long_is_a_time_out() => Assert.That(
        async () => await new SocketConnectionFactory(TimeSpan.Zero).ConnectAsync(Closed()).InTime(), Throws.TypeOf<TimeoutException>().With.Message.Contains("00:00:00"));

    [Test]
    public void A_connect_may_be_cancelled() => Assert.That(
        async () => await _factory.ConnectAsync(Closed(), new CancellationToken(canceled: true)).InTime(), Throws.InstanceOf<OperationCanceledException>());

    [Test]
    public async Task Small_messages_are_not_held_back()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        await using var connection = await _factory.ConnectAsync(listener.LocalEndPoint!).InTime();
        Assert.That(connection.Features.Get<IConnectionSocketFeature>()!.Socket.NoDelay, Is.True);
    }

    [Test]
    public async Task An_abort_ends_both_directions()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        await using var connection = await _factory.ConnectAsync(listener.LocalEndPoint!).InTime();
        using var peer = await listener.AcceptAsync().InTime();
        var closed = new TaskCompletionSource();
        using var registration = connection.ConnectionClosed.Register(closed.SetResult);
        var reason = new ConnectionAbortedException("enough");
        var reading = connection.Transport.Input.ReadAsync();
        connection.Abort(reason);
        Assert.That(async () => await reading.InTime(), Throws.Exception.SameAs(reason));
        await closed.Task.InTime();
    }

    [Test]
    public async Task A_reset_of_the_peer_fails_the_reader()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        await using var connection = await _factory.ConnectAsync(listener.LocalEndPoint!).InTime();
        var peer = await listener.AcceptAsync().InTime();
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();
        Assert.That(async () => await connection.Transport.Input.ReadAsync().InTime(), Throws.TypeOf<ConnectionResetException>());
    }

    private static Socket Listen(EndPoint endpoint)
    {
        var listener = Bind(endpoint);
        listener.Listen();
        return listener;
    }

    private static Socket Bind(EndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(endpoint);
        return socket;
    }

    /// <summary>An address at which nobody listens.</summary>
    private EndPoint Closed() => _deaf.LocalEndPoint!;

    private sealed class Odd : EndPoint;
}
