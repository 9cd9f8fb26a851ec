using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The monitor's endpoints over HTTP; how its page behaves in a browser has a project of its own.</summary>
internal sealed class MonitorTests : ServerFixture
{
    private readonly FakeTimeProvider _time = new();

    [Test]
    public async Task Nobody_gets_in_unless_the_application_says_so()
    {
        var app = await ServeAsync(app => app.MapGhmsMonitor());
        using var http = Client(app);
        foreach (var path in new[] { "/ghms", "/ghms/", "/ghms/snapshot.json" })
        {
            using var response = await http.GetAsync(path);
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized), path);
        }

        using var closing = await CloseAsync(http, "x");
        Assert.That(closing.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        using var known = await AsAsync(http, "ann", "/ghms");
        Assert.That(known.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_policy_of_the_callers_takes_the_place_of_the_default_one()
    {
        var app = await ServeAsync(
            app => app.MapGhmsMonitor().RequireAuthorization("operators"),
            services => services.AddAuthorizationBuilder().AddPolicy("operators", policy => policy.RequireUserName("ann")));
        using var http = Client(app);
        using var ann = await AsAsync(http, "ann", "/ghms/snapshot.json");
        using var bob = await AsAsync(http, "bob", "/ghms/snapshot.json");
        Assert.That((ann.StatusCode, bob.StatusCode), Is.EqualTo((HttpStatusCode.OK, HttpStatusCode.Forbidden)));
    }

    [Test]
    public async Task It_is_open_to_all_where_that_is_said_even_without_authorization()
    {
        var app = await OpenAsync();
        using var http = Client(app);
        using var page = await http.GetAsync("/ghms");
        Assert.That(page.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Without_authorization_in_the_application_it_fails_closed()
    {
        ErrorsAreProvoked = true;
        var app = await StartAsync(services => Echo(services.AddGhms()), _ => { }, app => app.MapGhmsMonitor());
        using var http = Client(app);
        using var response = await http.GetAsync("/ghms/snapshot.json");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
    }

    [Test]
    public async Task The_page_may_use_nothing_but_itself_and_its_data()
    {
        var app = await OpenAsync();
        using var http = Client(app);
        using var response = await http.GetAsync("/ghms");
        var page = await response.Content.ReadAsStringAsync();
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Content.Headers.ContentType?.ToString(), Is.EqualTo("text/html; charset=utf-8"));
            Assert.That(policy, Does.StartWith("default-src 'none';").And.Contains("frame-ancestors 'none'"));
            Assert.That(policy, Does.Contain(HashOf(page, "script")).And.Contains(HashOf(page, "style")));
            Assert.That(page, Does.Not.Contain("src=").And.Not.Contain("innerHTML").And.Not.Contain(" onclick"));
            Assert.That(response.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));
        }
    }

    [Test]
    public async Task A_snapshot_tells_what_a_broker_and_its_connections_are_doing()
    {
        var app = await OpenAsync();
        using var http = Client(app);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), path: "/chat");
        await peer.EchoAsync("one");
        var broker = await SnapshotAsync(http);
        var connection = broker.GetProperty("connections")[0];
        var frame = 8 + """{"Word":"one"}""".Length;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(broker.GetProperty("name").GetString(), Is.EqualTo("default"));
            Assert.That(broker.GetProperty("connectionCount").GetInt32(), Is.EqualTo(1));
            Assert.That(broker.GetProperty("maxConnections").GetInt32(), Is.EqualTo(100));
            Assert.That(broker.GetProperty("total").GetProperty("receivedBytes").GetInt64(), Is.EqualTo(frame));
            Assert.That(broker.GetProperty("rate").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(broker.GetProperty("topics").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(connection.GetProperty("id").GetString(), Is.EqualTo(BrokerOf(app).Connections[0].Id));
            Assert.That(connection.GetProperty("path").GetString(), Is.EqualTo("/chat"));
            Assert.That(connection.GetProperty("remote").GetString(), Does.StartWith("127.0.0.1:"));
            Assert.That(connection.GetProperty("total").GetProperty("sentMessages").GetInt64(), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Rates_come_from_the_snapshot_before_and_are_the_same_for_all_who_look()
    {
        var app = await OpenAsync();
        using var http = Client(app);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await SnapshotAsync(http);
        for (var i = 0; i < 10; i++)
        {
            await peer.EchoAsync();
        }

        _time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.That((await SnapshotAsync(http)).GetProperty("total").GetProperty("sentMessages").GetInt64(), Is.Zero, "too soon for another");
        _time.Advance(TimeSpan.FromMilliseconds(1_600));
        for (var look = 0; look < 2; look++)
        {
            var broker = await SnapshotAsync(http);
            Assert.That(broker.GetProperty("rate").GetProperty("receivedMessages").GetDouble(), Is.EqualTo(5));
            Assert.That(broker.GetProperty("connections")[0].GetProperty("rate").GetProperty("sentMessages").GetDouble(), Is.EqualTo(5));
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.That((await SnapshotAsync(http)).GetProperty("rate").ValueKind, Is.EqualTo(JsonValueKind.Null), "nobody looked for long");
    }

    [Test]
    public async Task Connections_are_sorted_found_and_limited()
    {
        var app = await OpenAsync();
        using var http = Client(app);
        var peers = new List<WirePeer>();
        for (var i = 1; i <= 3; i++)
        {
            var peer = await WirePeer.UpgradeAsync(PortOf(app), path: $"/p{i}");
            peers.Add(peer);
            for (var sent = 0; sent < i; sent++)
            {
                await peer.EchoAsync();
            }
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Paths(await SnapshotAsync(http, "?sort=received")), Is.EqualTo(new[] { "/p3", "/p2", "/p1" }));
            Assert.That(Paths(await SnapshotAsync(http, "?sort=sentBytes&order=ascending")), Is.EqualTo(new[] { "/p1", "/p2", "/p3" }));
            Assert.That(Paths(await SnapshotAsync(http, "?sort=path&order=ascending&limit=2")), Is.EqualTo(new[] { "/p1", "/p2" }));
            var found = await SnapshotAsync(http, "?find=P2");
            Assert.That((Paths(found).Single(), found.GetProperty("found").GetInt32(), found.GetProperty("connectionCount").GetInt32()), Is.EqualTo(("/p2", 1, 3)));
        }

        foreach (var wrong in new[] { "?sort=nothing", "?limit=-1", "?limit=1001", "?limit=x" })
        {
            using var response = await http.GetAsync($"/ghms/snapshot.json{wrong}");
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest), wrong);
        }

        peers.ForEach(peer => peer.Dispose());
    }

    [Test]
    public async Task Topics_are_told_where_there_are_any()
    {
        var app = await OpenAsync(builder => builder.AddTopics(topics => topics.Retains = _ => true));
        using var http = Client(app);
        await BrokerOf(app).PublishAsync("a/b", new Message { Word = "x" });
        Assert.That((await SnapshotAsync(http)).GetProperty("topics").GetProperty("retained").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_connection_can_be_closed_and_the_log_says_by_whom()
    {
        var app = await ServeAsync(app => app.MapGhmsMonitor());
        using var http = Client(app);
        http.DefaultRequestHeaders.Add("Authorization", "Bearer ann");
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        using var other = await WirePeer.UpgradeAsync(PortOf(app));
        var connection = BrokerOf(app).Connections[0];
        using var closing = await CloseAsync(http, connection.Id);
        Assert.That(closing.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        var (code, payload) = (await peer.ReadFrameAsync())!.Value;
        Assert.That((code, WirePeer.AsClose((code, payload)), Encoding.UTF8.GetString(payload.AsSpan(2))), Is.EqualTo((0u, 1001, "Closed by an operator.")));
        Assert.That(connection.End?.Status, Is.EqualTo(CloseStatus.GoingAway));
        await other.EchoAsync();
        using var again = await CloseAsync(http, connection.Id);
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(Log.Records.Single(record => record.Event.Name == "ClosedByOperator").Text, Does.Contain(connection.Id).And.EndsWith("by ann."));
    }

    [TestCase("", "", "application/json")]
    [TestCase("X-Ghms-Monitor", "cross-site", "application/json")]
    [TestCase("X-Ghms-Monitor", "same-site", "application/json")]
    [TestCase("", "same-origin", "text/plain")]
    public async Task Another_site_cannot_close_a_connection(string header, string site, string contentType)
    {
        var app = await OpenAsync();
        using var http = Client(app);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/ghms/close")
        {
            Content = new StringContent($$"""{"id":"{{BrokerOf(app).Connections[0].Id}}"}""", Encoding.UTF8, contentType),
        };
        if (header.Length > 0)
        {
            request.Headers.Add(header, "1");
        }

        if (site.Length > 0)
        {
            request.Headers.Add("Sec-Fetch-Site", site);
        }

        using var response = await http.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        await peer.EchoAsync();
    }

    [TestCase("nonsense")]
    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("""{"id":null}""")]
    public async Task A_request_to_close_that_makes_no_sense_is_refused(string body)
    {
        var app = await OpenAsync();
        using var http = Client(app);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/ghms/close") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Ghms-Monitor", "1");
        using var response = await http.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    /// <summary>A broker on every other path, and a monitor that is open to all.</summary>
    private Task<WebApplication> OpenAsync(Action<GhmsServerBuilder>? configure = null) => StartAsync(
        services =>
        {
            services.AddSingleton<TimeProvider>(_time);
            var builder = services.AddGhms();
            Echo(builder);
            configure?.Invoke(builder);
        },
        _ => { },
        app =>
        {
            app.MapGhms("/{**path}");
            app.MapGhmsMonitor().AllowAnonymous();
        });

    private Task<WebApplication> ServeAsync(Action<WebApplication> map, Action<IServiceCollection>? services = null) => StartAsync(
        all =>
        {
            Echo(all.AddGhms());
            TokenHandler.Add(all);
            all.AddAuthorization();
            services?.Invoke(all);
        },
        _ => { },
        app =>
        {
            app.MapGhms("/{**path}");
            map(app);
        });

    private static HttpClient Client(WebApplication app) => new() { BaseAddress = UriOf(app), Timeout = Patience.Long };

    private static Task<HttpResponseMessage> AsAsync(HttpClient http, string name, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Authorization", $"Bearer {name}");
        return http.SendAsync(request);
    }

    private static Task<HttpResponseMessage> CloseAsync(HttpClient http, string id)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/ghms/close") { Content = JsonContent.Create(new { id }) };
        request.Headers.Add("X-Ghms-Monitor", "1");
        return http.SendAsync(request);
    }

    private static async Task<JsonElement> SnapshotAsync(HttpClient http, string query = "") =>
        (await http.GetFromJsonAsync<JsonElement>($"/ghms/snapshot.json{query}")).GetProperty("brokers")[0];

    private static string?[] Paths(JsonElement broker) => [.. broker.GetProperty("connections").EnumerateArray().Select(one => one.GetProperty("path").GetString())];

    private static string HashOf(string page, string tag)
    {
        var text = Regex.Match(page, $"<{tag}>(.+?)</{tag}>", RegexOptions.Singleline).Groups[1].Value;
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";
    }
}
