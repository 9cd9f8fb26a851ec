using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>Where raw listeners and mapped endpoints answer differently: the table of README is what is found here.</summary>
internal sealed class RawAndMappedTests : ServerFixture
{
    private const string TableHead = "| request | raw listener | mapped endpoint |";

    // What section 2 of the protocol asks for.
    private static readonly string[] AcceptFields = ["Connection", "Upgrade", "Content-Type", "GHMS-Timeout", "GHMS-Max-Message-Size"];
    private static readonly string[] RefuseFields = ["Connection", "Upgrade", "Content-Type", "Content-Length", "Date"];

    private static readonly (string Name, Func<int, Task<string>> Ask)[] Requests =
    [
        ("an upgrade", port => AskForFieldsAsync(port, WirePeer.Request("/orders"))),
        ("no upgrade", port => AskForFieldsAsync(port, "GET /orders HTTP/1.1\r\nHost: a\r\n\r\n")),
        ("`Upgrade: websocket`", port => AskAsync(port, Get("/orders", "Connection: Upgrade\r\nUpgrade: websocket"))),
        ("`GHMS-Timeout: 1`", port => AskAsync(port, WirePeer.Request("/orders", "GHMS-Timeout: 1\r\n"))),
        ("`GHMS-Max-Message-Size: 0`", port => AskAsync(port, WirePeer.Request("/orders", "GHMS-Max-Message-Size: 0\r\n"))),
        ("`Accept: text/plain`", port => AskAsync(port, WirePeer.Request("/orders", "Accept: text/plain\r\n"))),
        ("another path", port => AskAsync(port, WirePeer.Request("/nowhere"))),
        ("`/ORDERS`", port => AskAsync(port, WirePeer.Request("/ORDERS"))),
        ("`/orders/`", port => AskAsync(port, WirePeer.Request("/orders/"))),
        ("`/a/../orders`", port => AskAsync(port, WirePeer.Request("/a/../orders"))),
        ("`/%6Frders?a=1`", port => AskAsync(port, WirePeer.Request("/%6Frders?a=1"))),
        ("`http://localhost/orders`", port => AskAsync(port, WirePeer.Request("http://localhost/orders"))),
        ("`POST`", port => AskAsync(port, WirePeer.Request("/orders").Replace("GET", "POST", StringComparison.Ordinal))),
        ("`HTTP/1.0`", port => AskAsync(port, WirePeer.Request("/orders").Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal))),
        ("no `Host`", port => AskAsync(port, "GET /orders HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n\r\n")),
        ("`Content-Length: 1`", port => AskAsync(port, WirePeer.Request("/orders", "Content-Length: 1\r\n") + "x")),
        ("a space before a colon", port => AskAsync(port, WirePeer.Request("/orders", "X : y\r\n"))),
        ("a control character in a value", port => AskAsync(port, WirePeer.Request("/orders", "X: \x01\r\n"))),
        ("a value that is not UTF-8", port => AskAsync(port, WirePeer.Request("/orders", "X: \xE9\r\n"))),
        ("a request line of 8,192 bytes", port => AskAsync(port, WirePeer.Request("/orders?" + new string('a', 8_192 - "GET /orders? HTTP/1.1".Length)))),
        ("101 fields", port => AskAsync(port, WirePeer.Request("/orders", string.Concat(Enumerable.Repeat("X: y\r\n", 98))))),
        ("an answer after the client's FIN", AskAfterFinAsync),
    ];

    [Test]
    public async Task The_table_of_README_is_what_the_same_requests_find()
    {
        var app = await StartAsync(
            services => services.AddGhms(options => options.MaxConnections = 1_000)
                .AddJson()
                .AddMessage<Message>(code: 10)
                .Handle<Message>(EchoAfterFinAsync),
            listen => listen.KestrelServerOptions.Listen(IPAddress.Loopback, 0, raw => raw.UseGhms(map => map.Broker("/orders"))),
            app => app.MapGhms("/orders"));
        var ports = app.Urls.Select(url => new Uri(url).Port).ToArray();
        List<string> found = [TableHead, "|---|---|---|"];
        var alike = 0;
        foreach (var (name, ask) in Requests)
        {
            var (raw, mapped) = (await ask(ports[0]), await ask(ports[1]));
            if (raw == mapped)
            {
                alike++;
            }
            else
            {
                found.Add($"| {name} | {raw} | {mapped} |");
            }
        }

        var readme = await File.ReadAllLinesAsync(Path.Combine(TestContext.CurrentContext.TestDirectory, "README.md"));
        var table = readme.SkipWhile(line => line != TableHead).TakeWhile(line => line.StartsWith('|')).ToList();
        Assert.That(alike, Is.GreaterThanOrEqualTo(5));
        Assert.That(table, Is.EqualTo(found), $"This is what was found:\n{string.Join('\n', found)}\n");
    }

    private static string Get(string path, string fields) => $"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n";

    private static async Task<string> AskAsync(int port, string request)
    {
        var response = await SendAsync(port, request);
        return response.Status == 101 || response.Body.Length > 0 ? $"{response.Status}" : $"{response.Status} without a text";
    }

    private static async Task<string> AskForFieldsAsync(int port, string request)
    {
        var response = await SendAsync(port, request);
        var others = response.Fields
            .Select(field => field.Key)
            .Except(response.Status == 101 ? AcceptFields : RefuseFields, StringComparer.OrdinalIgnoreCase)
            .Order(StringComparer.Ordinal)
            .Select(name => $"`{name}`")
            .ToList();
        return others.Count == 0 ? $"{response.Status}" : $"{response.Status}, also {string.Join(", ", others)}";
    }

    private static async Task<WirePeer.Response> SendAsync(int port, string request)
    {
        using var peer = await WirePeer.ConnectAsync(port);
        await peer.SendAsync(request);
        return await peer.ReadResponseAsync();
    }

    private static async Task<string> AskAfterFinAsync(int port)
    {
        using var peer = await WirePeer.UpgradeAsync(port, path: "/orders");
        await peer.SendFrameAsync(10, """{"Word":"x"}""");
        peer.Finish();
        return await peer.ReadFrameAsync() is null ? "is lost" : "arrives";
    }

    private static async ValueTask EchoAfterFinAsync(GhmsConnection connection, Message message, CancellationToken cancellationToken)
    {
        var over = connection.Features.Get<IHttpRequestLifetimeFeature>()?.RequestAborted
            ?? connection.Features.Get<IConnectionLifetimeFeature>()!.ConnectionClosed;
        var fin = new TaskCompletionSource();
        await using (over.Register(fin.SetResult))
        {
            await fin.Task.WaitAsync(Patience.Long, cancellationToken);
        }

        await connection.SendAsync(message, cancellationToken);
    }
}
