using System.Net;
using System.Net.Sockets;

namespace Bedrock.Ghms.Soak.Faults;

/// <summary>What lies between clients and server: it passes bytes on, until it is told to stop doing so without closing anything.</summary>
/// <remarks>Clients keep its address while servers come and go. While there is none, connections are reset.</remarks>
internal sealed class Forwarder : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Lock _sync = new();
    private readonly HashSet<Socket> _sockets = [];
    private readonly HashSet<Task> _pairs = [];
    private readonly Task _accepting;
    private TaskCompletionSource _open = new();
    private volatile IPEndPoint? _target;

    public Forwarder()
    {
        _open.SetResult();

        // What it accepts inherits this: what it does not pass on soon waits with its sender, and not in the system's buffers. Much less, and
        // bursts of small messages fill it with what the system charges for each, so that their sender finds the window closed all the time.
        _listener.ReceiveBufferSize = 128 * 1_024;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Where the server is; <see langword="null"/> when there is none.</summary>
    public IPEndPoint? Target
    {
        get => _target;
        set => _target = value;
    }

    private Task Open => Volatile.Read(ref _open).Task;

    /// <summary>Passes nothing on any more. Nobody is told: connections stay open, and new ones are accepted.</summary>
    public void Freeze() => Volatile.Write(ref _open, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Passes on what has been waiting, as a network does that is repaired.</summary>
    public void Thaw() => Volatile.Read(ref _open).TrySetResult();

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        Task[] pairs;
        lock (_sync)
        {
            foreach (var socket in _sockets)
            {
                socket.Dispose();
            }

            pairs = [.. _pairs];
        }

        Thaw();
        await Task.WhenAll(pairs);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync();
                lock (_sync)
                {
                    var pair = ServeAsync(client);
                    _pairs.Add(pair);
                    _ = pair.ContinueWith(Forget, TaskScheduler.Default);
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The listener is closed.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Keep(client, server);
        await Task.Yield();
        var linger = 0;
        try
        {
            await Open;
            if (Target is { } target)
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(target);
                await Task.WhenAll(PumpAsync(client, server), PumpAsync(server, client));
                linger = -1;
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // One side is gone, and so the other has to go.
        }
        finally
        {
            // By a reset, unless both sides have come to an orderly end.
            Drop(client, server, linger);
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[16_384];
        try
        {
            while (true)
            {
                await Open;
                var size = await from.ReceiveAsync(buffer);
                await Open;
                if (size == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (var sent = 0; sent < size;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, size - sent));
                }
            }
        }
        catch
        {
            // The other direction waits for nothing any more.
            from.Close(0);
            to.Close(0);
            throw;
        }
    }

    private void Keep(Socket client, Socket server)
    {
        lock (_sync)
        {
            _sockets.Add(client);
            _sockets.Add(server);
        }
    }

    private void Drop(Socket client, Socket server, int linger)
    {
        client.Close(linger);
        server.Close(linger);
        lock (_sync)
        {
            _sockets.Remove(client);
            _sockets.Remove(server);
        }
    }

    private void Forget(Task pair)
    {
        lock (_sync)
        {
            _pairs.Remove(pair);
        }
    }
}
