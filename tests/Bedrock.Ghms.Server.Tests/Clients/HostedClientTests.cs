using System.Net;
using System.Net.Sockets;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>Clients that a host makes, connects and closes.</summary>
internal sealed class HostedClientTests : HostedClientFixture
{
    [Test]
    public async Task Two_named_clients_and_one_without_a_name_live_in_one_process()
    {
        var app = await StartAsync(
            services =>
            {
                foreach (var name in new[] { "orders", "stock" })
                {
                    services.AddGhms(name).AddJson().AddMessage<Message>(code: 10)
                        .Handle<Message>((connection, message, ct) => connection.SendAsync(new Message { Word = $"{name} {message.Word}" }, ct));
                }
            },
            listen => listen.UseGhms(map => map.Broker("/orders", "orders").Broker("/stock", "stock")));
        var received = System.Threading.Channels.Channel.CreateUnbounded<string>();
        var host = await StartHostAsync(services =>
        {
            services.AddGhmsClient("orders", client => Listen(client, "/orders", "1"));
            services.AddGhmsClient("stock", client => Listen(client, "/stock", "2"));
            services.AddGhmsClient(client => Listen(client, "/orders", "3"));
            services.AddSingleton<Uses>();
        });
        var uses = host.Services.GetRequiredService<Uses>();
        foreach (var client in new[] { uses.Orders, uses.Stock, uses.Unnamed })
        {
            await client.WaitForConnectedAsync().WaitAsync(Patience.Long);
            await client.SendAsync(new Message { Word = "x" });
        }

        var words = new List<string>();
        while (words.Count < 3)
        {
            words.Add(await received.Reader.ReadAsync().AsTask().WaitAsync(Patience.Long));
        }

        Assert.That(words, Is.EquivalentTo(new[] { "1 orders x", "2 stock x", "3 orders x" }));
        Assert.That(new[] { uses.Orders, uses.Stock, uses.Unnamed }.Select(client => client.Broker.Name), Is.EqualTo(new[] { "orders", "stock", "client" }));

        void Listen(GhmsClientBuilder client, string path, string mark) => Speak(client, new Uri(UriOf(app), path))
            .Handle<Message>((_, message, ct) => received.Writer.WriteAsync($"{mark} {message.Word}", ct));
    }

    [Test]
    public async Task A_class_gets_its_client_in_its_constructor_beside_other_services()
    {
        var app = await ServeAsync();
        var host = await StartHostAsync(services => services.AddGhmsClient<Orders>(client => Speak(client, UriOf(app))));
        var orders = host.Services.GetRequiredService<Orders>();
        Assert.That(orders, Is.SameAs(host.Services.GetRequiredService<Orders>()));
        Assert.That(orders.Client, Is.SameAs(host.Services.GetRequiredKeyedService<GhmsClient>("Orders")));
        Assert.That(orders.Logger, Is.Not.Null);
        await orders.Client.WaitForConnectedAsync().WaitAsync(Patience.Long);
    }

    [Test]
    public async Task A_server_that_is_down_does_not_keep_the_host_from_starting_and_is_found_when_it_is_up()
    {
        var port = FreePort();
        var host = await StartHostAsync(services => services.AddGhmsClient(client => Speak(client, UriOf(port))
            .UseReconnect(options => options.MaxDelay = options.InitialDelay = TimeSpan.FromMilliseconds(10))));
        var client = host.Services.GetRequiredService<GhmsClient>();
        Assert.That(client.State, Is.Not.EqualTo(GhmsClientState.Connected));
        await ServeAsync(port);
        await client.WaitForConnectedAsync().WaitAsync(Patience.Long);
        Assert.That(await client.SendAsync(new Message { Word = "x" }), Is.EqualTo(1));
    }

    [Test]
    public async Task A_client_that_gives_up_is_logged_and_the_host_goes_on()
    {
        var host = await StartHostAsync(services => services.AddGhmsClient("orders", client => Speak(client, UriOf(FreePort()))
            .UseReconnect(options => options.MaxAttempts = 1)));
        await GaveUpAsync();
        Assert.That(Log.Records.Single(record => record.Event.Name == "HostedClientGaveUp").Text, Does.StartWith("The GHMS client 'orders' has given up connecting: "));
        Assert.That(host.Services.GetRequiredKeyedService<GhmsClient>("orders").State, Is.EqualTo(GhmsClientState.Disconnected));
    }

    [Test]
    public async Task The_host_closes_its_clients_with_1000_when_it_stops()
    {
        var app = await ServeAsync();
        var host = await StartHostAsync(services => services.AddGhmsClient(client => Speak(client, UriOf(app))));
        var client = host.Services.GetRequiredService<GhmsClient>();
        await client.WaitForConnectedAsync().WaitAsync(Patience.Long);
        await client.SendAsync(new Message { Word = "x" });
        await host.StopAsync().WaitAsync(Patience.Long);
        Assert.That(client.State, Is.EqualTo(GhmsClientState.Closed));
        var end = await Ends.Reader.ReadAsync().AsTask().WaitAsync(Patience.Long);
        Assert.That((end.Cause, end.Status), Is.EqualTo((ConnectionEndCause.ClosedByPeer, CloseStatus.Normal)));
    }

    [Test]
    public async Task A_server_that_does_not_read_does_not_hold_the_host_for_longer_than_it_waits()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();

        // The client's clock stands still: it is the host's own that ends the wait.
        var host = await StartHostAsync(services =>
        {
            services.AddSingleton<TimeProvider>(new FakeTimeProvider());
            services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
            services.AddGhmsClient(client => Speak(client, UriOf(((IPEndPoint)listener.LocalEndPoint!).Port)));
        });
        using var peer = await listener.AcceptAsync().WaitAsync(Patience.Long);
        await peer.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nContent-Type: application/json\r\n\r\n"));
        var client = host.Services.GetRequiredService<GhmsClient>();
        await client.WaitForConnectedAsync().WaitAsync(Patience.Long);
        var flushed = client.FlushAsync();
        while (flushed.IsCompleted)
        {
            await client.SendAsync(new Message { Word = new string('x', 500_000) });
            flushed = client.FlushAsync();
        }

        // What is left of that message the socket may still take in; one more it does not.
        await client.SendAsync(new Message { Word = new string('x', 500_000) });
        flushed = client.FlushAsync();
        await host.StopAsync().WaitAsync(Patience.Long);
        await client.DisposeAsync().AsTask().WaitAsync(Patience.Long);
        Assert.That(async () => await flushed.WaitAsync(Patience.Long), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task Header_providers_and_handlers_come_from_the_container()
    {
        var app = await ServeAsync();
        var host = await StartHostAsync(services =>
        {
            services.AddSingleton<Words>();
            services.AddGhmsClient(client => Speak(client, UriOf(app)).Handle<Message, Words>())
                .Configure((services, client) => client.UseHeaders((fields, _) =>
                {
                    fields["X-Words"] = $"{services.GetRequiredService<Words>().Asked++}";
                    return ValueTask.CompletedTask;
                }));
        });
        var words = host.Services.GetRequiredService<Words>();
        var client = host.Services.GetRequiredService<GhmsClient>();
        await client.WaitForConnectedAsync().WaitAsync(Patience.Long);
        await client.SendAsync(new Message { Word = "x" });
        Assert.That(await words.Received.Task.WaitAsync(Patience.Long), Is.EqualTo("x"));
        Assert.That(words.Asked, Is.EqualTo(1));
    }

    [Test]
    public async Task The_transport_may_come_from_the_container_under_the_client_s_name()
    {
        await using var broker = new GhmsTestBuilder().AddJson().AddMessage<Message>(code: 10).Build();
        var host = await StartHostAsync(services =>
        {
            services.AddGhmsClient("orders", client => Speak(client, UriOf(1)));
            services.AddKeyedSingleton<IConnectionFactory>("orders", new InMemoryServer(broker));
        });
        await host.Services.GetRequiredKeyedService<GhmsClient>("orders").WaitForConnectedAsync().WaitAsync(Patience.Long);
        Assert.That(broker.Count, Is.EqualTo(1));
    }

    [Test]
    public void A_name_stands_for_one_client()
    {
        var services = new ServiceCollection();
        services.AddGhmsClient("orders");
        services.AddGhmsClient("stock");
        Assert.That(() => services.AddGhmsClient("orders"), Throws.ArgumentException.With.Message.Contains("'orders'"));
    }

    private sealed record Uses(
        [FromKeyedServices("orders")] GhmsClient Orders, [FromKeyedServices("stock")] GhmsClient Stock, GhmsClient Unnamed);

    private sealed record Orders(GhmsClient Client, ILogger<Orders> Logger);

    private sealed class Words : IMessageHandler<Message>
    {
        public int Asked { get; set; }

        public TaskCompletionSource<string> Received { get; } = new();

        public ValueTask HandleAsync(GhmsConnection connection, Message message, CancellationToken cancellationToken)
        {
            Received.SetResult(message.Word);
            return ValueTask.CompletedTask;
        }
    }
}
