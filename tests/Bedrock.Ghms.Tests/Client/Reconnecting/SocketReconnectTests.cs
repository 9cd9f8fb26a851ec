using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Client.Transport;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Client.Reconnecting;

/// <summary>The same over real sockets, in real time.</summary>
internal sealed class SocketReconnectTests
{
    [Test]
    public async Task A_client_outlives_its_servers([Values("close", "reset")] string end)
    {
        var received = new ConcurrentQueue<string>();
        await using var first = new Listener(MakeServer());

        // Nobody else may have the port while nobody listens there.
        using var held = Listener.Bind(first.Port);
        await using var client = new GhmsClientBuilder().AddJson().AddMessage<Greeting>().AddTopics()
            .ConnectTo(new Uri($"http://127.0.0.1:{first.Port}/"))
            .UseReconnect(options =>
            {
                options.InitialDelay = TimeSpan.FromMilliseconds(5);
                options.MaxDelay = TimeSpan.FromMilliseconds(50);
                options.MaxWaitingSends = 10;
            })
            .Build();
        await client.ConnectAsync().InTime();
        await using var subscription = await client.SubscribeAsync<Greeting>("news", (_, greeting, _) =>
        {
            received.Enqueue(greeting.Word);
            return ValueTask.CompletedTask;
        });
        await client.PublishAsync("news", new Greeting("1"));
        await UntilAsync(() => received.Count == 1);

        await first.StopAsync(isOrderly: end == "close");
        await UntilAsync(() => client.State == GhmsClientState.Waiting);
        var publishing = client.PublishAsync("news", new Greeting("2")).AsTask();
        await using var second = new Listener(MakeServer(), first.Port);
        await publishing.InTime();
        await UntilAsync(() => received.Count == 2);

        // What waited goes out before the client says that it is connected.
        await client.WaitForConnectedAsync().InTime();
        Assert.That(received, Is.EqualTo(new[] { "1", "2" }));
        Assert.That((client.State, subscription.IsActive), Is.EqualTo((GhmsClientState.Connected, true)));
    }

    [Test]
    public async Task A_server_that_accepts_and_says_nothing_costs_one_attempt()
    {
        using var silent = new Socket(SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        await using var good = new Listener(MakeServer());
        await using var client = new GhmsClientBuilder().AddJson().AddMessage<Greeting>()
            .ConnectTo(new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndPoint!).Port}/"), new Uri($"http://localhost:{good.Port}/"))
            .UseReconnect(options => options.AttemptTimeout = TimeSpan.FromMilliseconds(100))
            .Build();
        await client.ConnectAsync().InTime();
        Assert.That(await client.SendAsync(new Greeting("x")), Is.EqualTo(1));
    }

    private static GhmsBroker MakeServer() => new Testing.GhmsTestBuilder().AddJson().AddMessage<Greeting>().AddTopics().Build();

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(1, late.Token);
        }
    }

    /// <summary>A server on the loopback interface.</summary>
    private sealed class Listener : IAsyncDisposable
    {
        private readonly GhmsBroker _broker;
        private readonly Socket _socket;
        private readonly ConcurrentBag<Socket> _accepted = [];
        private readonly Task _accepting;

        public Listener(GhmsBroker broker, int port = 0)
        {
            _broker = broker;
            _socket = Bind(port);
            _socket.Listen();
            Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
            _accepting = AcceptAsync();
        }

        public int Port { get; }

        /// <summary>A socket at a port that others of this kind may have as well.</summary>
        public static Socket Bind(int port)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return socket;
        }

        /// <summary>Ends it, with a Close or as a process that is killed.</summary>
        public async Task StopAsync(bool isOrderly)
        {
            _socket.Dispose();
            await _accepting;
            if (!isOrderly)
            {
                foreach (var socket in _accepted)
                {
                    socket.Close(0);
                }
            }

            await _broker.DisposeAsync();
        }

        public async ValueTask DisposeAsync() => await StopAsync(isOrderly: true);

        private async Task AcceptAsync()
        {
            var endpoint = new UpgradeEndpoint(_broker);
            try
            {
                while (true)
                {
                    var socket = await _socket.AcceptAsync();
                    _accepted.Add(socket);
                    _ = ServeAsync(endpoint, new SocketConnection(socket));
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The listener is closed.
            }
        }

        private static async Task ServeAsync(UpgradeEndpoint endpoint, SocketConnection connection)
        {
            await using (connection)
            {
                await endpoint.RunAsync(connection);
            }
        }
    }
}
