using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>How brokers are added to an application, found by listeners, and checked when it starts.</summary>
internal sealed class HostingTests : ServerFixture
{
    [Test]
    public void Without_AddGhms_the_start_fails_and_says_so()
    {
        Func<Task> start = () => StartAsync(_ => { }, listen => listen.UseConnectionHandler<GhmsHandler>());
        Assert.That(
            start,
            Throws.InvalidOperationException.With.Message.Contains("AddGhms()"));
        ErrorsAreExpected();
    }

    [Test]
    public void Without_AddGhms_a_path_map_fails_at_start_and_says_so()
    {
        Func<Task> start = () => StartAsync(_ => { }, listen => listen.UseGhms(map => map.Broker("/")));
        Assert.That(start, Throws.InvalidOperationException.With.Message.Contains("AddGhms()"));
        ErrorsAreExpected();
    }

    [Test]
    public void Several_brokers_without_paths_refuse_to_start()
    {
        Func<Task> start = () => StartAsync(
            services =>
            {
                Echo(services.AddGhms("orders"));
                Echo(services.AddGhms("customers"));
            },
            listen => listen.UseConnectionHandler<GhmsHandler>());
        Assert.That(start, Throws.InvalidOperationException.With.Message.Contains("UseGhms"));
        ErrorsAreExpected();
    }

    [Test]
    public void A_path_of_a_broker_that_was_never_added_refuses_to_start_and_names_it()
    {
        Func<Task> start = () => StartAsync(services => Echo(services.AddGhms("orders")), listen => listen.UseGhms(map => map.Broker("/", "customers")));
        Assert.That(start, Throws.InvalidOperationException.With.Message.Contains("AddGhms(\"customers\")"));
        ErrorsAreExpected();
    }

    [TestCase("orders")]
    [TestCase("")]
    public void A_path_without_a_slash_refuses_to_start(string path)
    {
        Func<Task> start = () => StartAsync(services => Echo(services.AddGhms()), listen => listen.UseGhms(map => map.Broker(path)));
        Assert.That(start, Throws.ArgumentException.With.Message.Contains("slash"));
        ErrorsAreExpected();
    }

    [Test]
    public void A_map_without_paths_and_a_path_mapped_twice_refuse_to_start()
    {
        Func<Task> none = () => StartAsync(services => Echo(services.AddGhms()), listen => listen.UseGhms(_ => { }));
        Func<Task> twice = () => StartAsync(services => Echo(services.AddGhms()), listen => listen.UseGhms(map => map.Broker("/a").Broker("/a")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(none, Throws.ArgumentException);
            Assert.That(twice, Throws.ArgumentException.With.Message.Contains("/a"));
        }

        ErrorsAreExpected();
    }

    [Test]
    public async Task Paths_lead_to_their_brokers_and_any_other_path_is_404()
    {
        var app = await StartAsync(
            services =>
            {
                Answering(services.AddGhms("orders"), "from orders");
                Answering(services.AddGhms("customers"), "from customers");
            },
            listen => listen.UseGhms(map => map.Broker("/orders", "orders").Broker("/customers", "customers")));
        foreach (var name in new[] { "orders", "customers" })
        {
            using var peer = await WirePeer.UpgradeAsync(PortOf(app), path: $"/{name}?page=1");
            await peer.SendFrameAsync(10, """{"Word":"who?"}""");
            Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, $$"""{"Word":"from {{name}}"}""")));
        }

        foreach (var path in new[] { "/", "/Orders", "/orders/", "/ordersX", "/orders%2F" })
        {
            using var stray = await WirePeer.ConnectAsync(PortOf(app));
            await stray.SendAsync(WirePeer.Request(path));
            Assert.That((await stray.ReadResponseAsync()).Status, Is.EqualTo(404), path);
        }

        static void Answering(GhmsServerBuilder builder, string answer) => builder
            .AddJson()
            .AddMessage<Message>(code: 10)
            .Handle<Message>(async (connection, _, ct) => await connection.SendAsync(new Message { Word = answer }, ct));
    }

    [Test]
    public async Task Named_brokers_are_keyed_services_and_the_one_without_a_name_is_a_service()
    {
        var app = await StartAsync(
            services =>
            {
                Echo(services.AddGhms("orders"));
                Echo(services.AddGhms());
                services.AddSingleton<NeedsBrokers>();
            },
            listen => listen.UseGhms(map => map.Broker("/orders", "orders").Broker("/")));
        var needs = app.Services.GetRequiredService<NeedsBrokers>();
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), path: "/orders");
        await peer.EchoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(needs.Orders.Count, Is.EqualTo(1));
            Assert.That(needs.Default.Count, Is.Zero);
            Assert.That(needs.Orders, Is.Not.SameAs(needs.Default));
        }
    }

    [Test]
    public async Task All_listeners_of_one_broker_share_its_connections()
    {
        var app = await StartAsync(services => Echo(services.AddGhms(options => options.MaxConnections = 1)), listen =>
        {
            listen.UseConnectionHandler<GhmsHandler>();
            listen.KestrelServerOptions.Listen(System.Net.IPAddress.Loopback, 0, other => other.UseConnectionHandler<GhmsHandler>());
        });
        var ports = app.Urls.Select(url => new Uri(url).Port).ToArray();
        Assert.That(ports, Has.Length.EqualTo(2));
        using var first = await WirePeer.UpgradeAsync(ports[0]);
        using var second = await WirePeer.ConnectAsync(ports[1]);
        await second.SendAsync(WirePeer.Request());
        Assert.That((await second.ReadResponseAsync()).Status, Is.EqualTo(503));
    }

    [Test]
    public void A_setting_out_of_bounds_stops_the_host_and_every_broken_rule_is_listed()
    {
        Func<Task> start = () => StartAsync(
            services => Echo(services.AddGhms(options =>
            {
                options.MaxConnections = 0;
                options.Timeout = TimeSpan.Zero;
            })),
            listen => listen.UseConnectionHandler<GhmsHandler>());
        Assert.That(
            start,
            Throws.TypeOf<GhmsInvalidConfigException>()
                .With.Property(nameof(GhmsInvalidConfigException.Failures)).Count.EqualTo(2)
                .And.Message.Contains("MaxConnections"));
        ErrorsAreExpected();
    }

    [Test]
    public void A_mistake_stops_the_host_even_when_no_listener_uses_that_broker()
    {
        Func<Task> start = () => StartAsync(
            services =>
            {
                Echo(services.AddGhms("good"));
                services.AddGhms("bad").AddJson().AddMessage<Message>(code: 10).AddMessage<Blob>(code: 10);
            },
            listen => listen.UseGhms(map => map.Broker("/", "good")));
        Assert.That(start, Throws.TypeOf<GhmsDuplicateMessageCodeException>());
        ErrorsAreExpected();
    }

    [Test]
    public void Each_mistake_has_an_exception_of_its_own()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Start(builder => builder.AddJson().AddMessage<Message>(code: 0)), Throws.TypeOf<GhmsInvalidMessageCodeException>());
            Assert.That(Start(builder => builder.AddJson().AddMessage<Message>(code: 1)), Throws.TypeOf<GhmsInvalidMessageCodeException>());
            Assert.That(Start(builder => builder.AddMessage<Message>(code: 10)), Throws.TypeOf<GhmsInvalidConfigException>());
            Assert.That(
                Start(builder => builder.AddJson().AddMessage<Message>(code: 10, encoding: "application/octet-stream")),
                Throws.TypeOf<GhmsInvalidEncodingException>());
            Assert.That(
                Start(builder => builder.AddJson().Handle<Message>((_, _, _) => ValueTask.CompletedTask)),
                Throws.TypeOf<GhmsInvalidConfigException>());
        }

        ErrorsAreExpected();

        Func<Task> Start(Action<GhmsServerBuilder> configure) => () => StartAsync(configure);
    }

    [TestCase("")]
    [TestCase("orders")]
    public void Adding_a_broker_of_one_name_twice_is_an_argument_error(string name)
    {
        var services = new ServiceCollection();
        services.AddGhms(name);
        Assert.That(() => services.AddGhms(name), Throws.ArgumentException.With.Message.Contains($"'{name}'"));
    }

    [Test]
    public async Task Pipes_and_handlers_come_from_the_container()
    {
        var app = await StartAsync(
            services =>
            {
                services.AddSingleton(new Suffix(" from the container"));
                services.AddGhms().AddJson().AddMessage<Message>(code: 10).UsePipe<Appending>().Handle<Message, Answering>();
            },
            listen => listen.UseConnectionHandler<GhmsHandler>());
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.SendFrameAsync(10, """{"Word":"a message"}""");
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"a message from the container, handled from the container"}""")));
    }

    [Test]
    public async Task What_the_upgrade_said_is_on_the_connection()
    {
        var seen = new TaskCompletionSource<GhmsConnection>();
        var app = await StartAsync(
            builder =>
            {
                Echo(builder);
                builder.OnConnected(connection =>
                {
                    seen.SetResult(connection);
                    return ValueTask.CompletedTask;
                });
            },
            options => options.Upgrade.KeptHeaders.Add("X-Tenant"));
        using var peer = await WirePeer.UpgradeAsync(
            PortOf(app), "application/x-msgpack", "/caf%C3%A9?a=%20b", "x-tenant: one\r\nX-Other: no\r\nX-TENANT: two\r\n");
        var connection = await seen.Task.WaitAsync(Patience.Long);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(connection.Path, Is.EqualTo("/café"));
            Assert.That(connection.Query, Is.EqualTo("a=%20b"));
            Assert.That(connection.Encoding, Is.EqualTo("application/vnd.msgpack"));
            Assert.That(connection.Headers, Is.EqualTo(new Dictionary<string, string> { ["x-tenant"] = "one, two" }));
            Assert.That(connection.RemoteEndPoint, Is.TypeOf<System.Net.IPEndPoint>());
            Assert.That((connection.LocalEndPoint as System.Net.IPEndPoint)?.Port, Is.EqualTo(PortOf(app)));
        }
    }

    private sealed record Suffix(string Text);

    private sealed class NeedsBrokers(GhmsBroker @default, [FromKeyedServices("orders")] GhmsBroker orders)
    {
        public GhmsBroker Default { get; } = @default;

        public GhmsBroker Orders { get; } = orders;
    }

    private sealed class Appending(Suffix suffix) : GhmsPipe
    {
        protected override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken) =>
            next(connection, message is Message m ? new Message { Word = m.Word + suffix.Text } : message, cancellationToken);
    }

    private sealed class Answering(Suffix suffix) : IMessageHandler<Message>
    {
        public async ValueTask HandleAsync(GhmsConnection connection, Message message, CancellationToken cancellationToken) =>
            await connection.SendAsync(new Message { Word = $"{message.Word}, handled{suffix.Text}" }, cancellationToken);
    }
}
