using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>A broker on one port with the rest of a web application, under the same conventions.</summary>
internal sealed class MappedTests : ServerFixture
{
    [Test]
    public async Task A_mapped_broker_answers_on_the_port_of_the_site()
    {
        var app = await StartMappedAsync(Echo, map: app =>
        {
            app.MapGet("/", () => "the site");
            app.MapGhms("/orders");
        });
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), path: "/orders");
        await peer.EchoAsync();
        using var site = new HttpClient();
        Assert.That(await site.GetStringAsync(UriOf(app)), Is.EqualTo("the site"));
        await peer.EchoAsync(new string('a', 900_000));
    }

    [Test]
    public async Task One_broker_serves_raw_and_mapped_connections_and_counts_them_together()
    {
        var app = await StartAsync(
            services => Echo(services.AddGhms(options => options.MaxConnections = 2)),
            listen => listen.KestrelServerOptions.Listen(IPAddress.Loopback, 0, raw => raw.UseConnectionHandler<GhmsHandler>()),
            app => app.MapGhms("/"));
        var ports = app.Urls.Select(url => new Uri(url).Port).ToArray();
        using var raw = await WirePeer.UpgradeAsync(ports[0], "application/msgpack");
        using var mapped = await WirePeer.UpgradeAsync(ports[1]);
        await BrokerOf(app).SendAsync(new Announcement { Word = "to all" });
        Assert.That((await raw.ReadFrameAsync())!.Value.Code, Is.EqualTo(12));
        Assert.That((await mapped.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"to all"}"""));
        foreach (var port in ports)
        {
            using var third = await WirePeer.ConnectAsync(port);
            await third.SendAsync(WirePeer.Request());
            var response = await third.ReadResponseAsync();
            Assert.That((response.Status, response["Retry-After"], response.Body), Is.EqualTo((503, "5", "There are too many connections.")));
        }
    }

    [Test]
    public async Task Routes_lead_to_the_brokers_of_their_names()
    {
        var app = await StartAsync(
            services =>
            {
                Echo(services.AddGhms("orders"));
                Echo(services.AddGhms());
            },
            _ => { },
            app =>
            {
                app.MapGhms("/orders/{region}", "orders");
                app.MapGhms("/");
            });
        using var orders = await WirePeer.UpgradeAsync(PortOf(app), path: "/orders/north");
        await orders.EchoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(app.Services.GetRequiredKeyedService<GhmsBroker>("orders").Connections[0].Path, Is.EqualTo("/orders/north"));
            Assert.That(BrokerOf(app).Count, Is.Zero);
        }
    }

    [Test]
    public void A_broker_that_was_never_added_cannot_be_mapped()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => Build(_ => { }, _ => { }, app => app.MapGhms("/")), Throws.InvalidOperationException.With.Message.Contains("AddGhms()"));
            Assert.That(
                () => Build(services => Echo(services.AddGhms()), _ => { }, app => app.MapGhms("/", "orders")),
                Throws.InvalidOperationException.With.Message.Contains("AddGhms(\"orders\")"));
        }
    }

    [Test]
    public async Task What_the_web_application_knows_of_a_request_is_on_the_connection()
    {
        var app = await StartAsync(
            services =>
            {
                TokenHandler.Add(services);
                Echo(services.AddGhms(options => options.Upgrade.KeptHeaders.Add("X-Tenant")));
            },
            _ => { },
            app =>
            {
                app.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor });
                app.UsePathBase("/base");
                app.UseAuthentication();
                app.Use((context, next) =>
                {
                    context.Items["from"] = "middleware";
                    return next(context);
                });
                app.MapGhms("/{**path}");
            });
        using var peer = await WirePeer.UpgradeAsync(
            PortOf(app), path: "/base/caf%C3%A9?a=%20b", fields: "X-Tenant: one\r\nx-tenant: two\r\nX-Forwarded-For: 192.0.2.7\r\nAuthorization: Bearer ann\r\n");
        var connection = BrokerOf(app).Connections[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(connection.Path, Is.EqualTo("/base/café"));
            Assert.That(connection.Query, Is.EqualTo("a=%20b"));
            Assert.That(connection.Headers, Is.EqualTo(new Dictionary<string, string> { ["X-Tenant"] = "one, two" }));
            Assert.That((connection.RemoteEndPoint as IPEndPoint)?.Address, Is.EqualTo(IPAddress.Parse("192.0.2.7")));
            Assert.That((connection.LocalEndPoint as IPEndPoint)?.Port, Is.EqualTo(PortOf(app)));
            Assert.That(connection.User?.Identity?.Name, Is.EqualTo("ann"));
            Assert.That(connection.Items["from"], Is.EqualTo("middleware"));
        }
    }

    [Test]
    public async Task RequireAuthorization_holds_on_a_mapped_endpoint()
    {
        var app = await StartAsync(
            services =>
            {
                TokenHandler.Add(services);
                services.AddAuthorization();
                Echo(services.AddGhms());
            },
            _ => { },
            app =>
            {
                app.UseAuthentication();
                app.UseAuthorization();
                app.MapGhms("/").RequireAuthorization();
            });
        using var stranger = await WirePeer.ConnectAsync(PortOf(app));
        await stranger.SendAsync(WirePeer.Request());
        var response = await stranger.ReadResponseAsync();
        using var ann = await WirePeer.UpgradeAsync(PortOf(app), fields: "Authorization: Bearer ann\r\n");
        await ann.EchoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Status, Is.EqualTo(401));
            Assert.That(response["WWW-Authenticate"], Does.StartWith("Bearer realm=\"Token\""));
        }
    }

    [Test]
    public async Task A_rate_limit_of_the_application_counts_a_connection_as_long_as_it_is_open()
    {
        var app = await StartAsync(
            services =>
            {
                services.AddRateLimiter(limits => limits.AddConcurrencyLimiter("one", one => one.PermitLimit = 1));
                Echo(services.AddGhms());
            },
            _ => { },
            app =>
            {
                app.UseRateLimiter();
                app.MapGhms("/").RequireRateLimiting("one");
            });
        var first = await WirePeer.UpgradeAsync(PortOf(app));
        using var second = await WirePeer.ConnectAsync(PortOf(app));
        await second.SendAsync(WirePeer.Request());
        Assert.That((await second.ReadResponseAsync()).Status, Is.EqualTo(503));
        first.Dispose();
        using var third = await Retry.UpgradeAsync(PortOf(app));
        await third.EchoAsync();
    }

    [Test]
    public async Task CORS_adds_its_fields_and_refuses_nobody()
    {
        var app = await StartAsync(
            services =>
            {
                services.AddCors();
                Echo(services.AddGhms());
            },
            _ => { },
            app =>
            {
                app.UseCors();
                app.MapGhms("/").RequireCors(cors => cors.WithOrigins("http://good.example"));
            });
        using var good = await WirePeer.ConnectAsync(PortOf(app));
        await good.SendAsync(WirePeer.Request(fields: "Origin: http://good.example\r\n"));
        var allowed = await good.ReadResponseAsync();
        using var bad = await WirePeer.ConnectAsync(PortOf(app));
        await bad.SendAsync(WirePeer.Request(fields: "Origin: http://bad.example\r\n"));
        var other = await bad.ReadResponseAsync();
        await bad.EchoAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((allowed.Status, allowed["Access-Control-Allow-Origin"]), Is.EqualTo((101, "http://good.example")));
            Assert.That((other.Status, other["Access-Control-Allow-Origin"]), Is.EqualTo((101, (string?)null)));
        }
    }

    [Test]
    public async Task The_limit_per_address_counts_forwarded_addresses()
    {
        var app = await StartMappedAsync(Echo, options => options.MaxConnectionsPerAddress = 1, app =>
        {
            app.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor });
            app.MapGhms("/");
        });
        using var first = await WirePeer.UpgradeAsync(PortOf(app), fields: "X-Forwarded-For: 192.0.2.7\r\n");
        using var second = await WirePeer.UpgradeAsync(PortOf(app), fields: "X-Forwarded-For: 192.0.2.8\r\n");
        using var third = await WirePeer.ConnectAsync(PortOf(app));
        await third.SendAsync(WirePeer.Request(fields: "X-Forwarded-For: ::ffff:192.0.2.7\r\n"));
        Assert.That((await third.ReadResponseAsync()).Status, Is.EqualTo(503));
    }

    [Test]
    public async Task HTTP_2_cannot_be_upgraded()
    {
        var app = await StartAsync(services => Echo(services.AddGhms()), listen => listen.Protocols = HttpProtocols.Http2, app => app.MapGhms("/"));
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.GetAsync(UriOf(app));
        Assert.That(
            (response.StatusCode, await response.Content.ReadAsStringAsync()),
            Is.EqualTo((HttpStatusCode.UpgradeRequired, "This endpoint speaks GHMS/0.1 only.")));
    }

    [Test]
    public async Task Beyond_Kestrels_own_limit_of_upgrades_the_answer_is_503_and_no_place_is_lost()
    {
        var app = await StartAsync(
            services => Echo(services.AddGhms(options => options.MaxConnections = 2)),
            listen => listen.KestrelServerOptions.Limits.MaxConcurrentUpgradedConnections = 1,
            app => app.MapGhms("/"));
        using var first = await WirePeer.UpgradeAsync(PortOf(app));
        for (var i = 0; i < 5; i++)
        {
            using var second = await WirePeer.ConnectAsync(PortOf(app));
            await second.SendAsync(WirePeer.Request());
            var response = await second.ReadResponseAsync();
            Assert.That((response.Status, response["Retry-After"], response["GHMS-Timeout"]), Is.EqualTo((503, "5", (string?)null)));
        }

        first.Dispose();
        using var third = await Retry.UpgradeAsync(PortOf(app));
        await third.EchoAsync();
    }
}
