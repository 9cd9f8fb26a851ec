using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>Where raw listeners and mapped endpoints answer differently: the table of README is what is found here.</summary>
internal sealed class RawAndMappedTests : ServerFixture
{
    private const int MaxPending = 50;
    private const string TableHead = "| request | raw listener | mapped endpoint |";

    // What section 2 of the protocol asks for.
    private static readonly string[] AcceptFields = ["Connection", "Upgrade", "Content-Type", "GHMS-Timeout", "GHMS-Max-Message-Size"];
    private static readonly string[] RefuseFields = ["Connection", "Upgrade", "Content-Type", "Content-Length", "Date"];

    // Of brokers alone: Kestrel has its own clock.
    private readonly FakeTimeProvider _time = new();
    private readonly TimeSpan _header = new UpgradeOptions().HeaderTimeout;

    // Done when the server has taken what came first on the newest connection.
    private TaskCompletionSource _read = new();

    private (string Name, Func<int, Task<string>> Ask)[] Requests =>
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
        ("half a header, and no more", AskHalfAsync),
        ("an upgrade beside `MaxPending` half headers", AskBesideHalfHeadersAsync),
    ];

    [Test]
    public async Task The_table_of_README_is_what_the_same_requests_find()
    {
        var app = await StartAsync(
            services => services
                .AddSingleton<TimeProvider>(_time)
                .AddGhms(options =>
                {
                    options.MaxConnections = 1_000;
                    options.Upgrade.MaxPending = MaxPending;
                })
                .AddJson()
                .AddMessage<Message>(code: 10)
                .Handle<Message>(EchoAfterFinAsync),
            listen =>
            {
                var kestrel = listen.KestrelServerOptions;
                kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(2);
                kestrel.Listen(IPAddress.Loopback, 0, raw =>
                {
                    raw.Use(SayWhatIsRead);
                    raw.UseGhms(map => map.Broker("/orders"));
                });
                kestrel.Listen(IPAddress.Loopback, 0, http2 => http2.Protocols = HttpProtocols.Http2);
                listen.Use(SayWhatIsRead);
            },
            app => app.MapGhms("/orders"));
        var ports = app.Urls.Select(url => new Uri(url).Port).ToArray();
        List<string> found = [TableHead, "|---|---|---|"];
        var alike = 0;
        foreach (var (name, ask) in Requests)
        {
            var (raw, mapped) = (await ask(ports[0]), await ask(ports[2]));
            if (raw == mapped)
            {
                alike++;
            }
            else
            {
                found.Add($"| {name} | {raw} | {mapped} |");
            }
        }

        found.Add($"| HTTP/2 | {await AskAsync(ports[0], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")} | {await AskOverHttp2Async(ports[1])} |");
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

    private static async Task<string> AskOverHttp2Async(int port)
    {
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/orders"));
        return $"{(int)response.StatusCode}";
    }

    // The brokers' clock must not run ahead: who has sent nothing by the deadline gets no answer, and who has not taken it by the next is cut off.
    private async Task<string> AskHalfAsync(int port)
    {
        _read = new();
        var asking = AskAsync(port, "GET /orders HTTP/1.1\r\n");
        await _read.Task.WaitAsync(Patience.Long);
        _time.Advance(_header);
        return await asking;
    }

    private ConnectionDelegate SayWhatIsRead(ConnectionDelegate next) => async connection =>
    {
        var read = _read;
        var input = connection.Transport.Input;
        var first = await input.ReadAsync();
        input.AdvanceTo(first.Buffer.Start);
        var serving = next(connection);
        read.TrySetResult();
        await serving;
    };

    private async Task<string> AskBesideHalfHeadersAsync(int port)
    {
        List<WirePeer> halves = [];
        while (halves.Count < MaxPending)
        {
            halves.Add(await ConnectHalfAsync(port));
        }

        // One of a request before may have been unfinished still, so that one of these was turned away: another comes each time.
        var answer = "";
        for (var i = 0; i < 20 && answer != "no answer"; i++)
        {
            halves.Add(await ConnectHalfAsync(port));
            using var peer = await WirePeer.ConnectAsync(port);
            try
            {
                await peer.SendAsync(WirePeer.Request("/orders"));
                answer = await peer.ReadHeadAsync() is { } head ? head.Split(' ')[1] : "no answer";
            }
            catch (SocketException)
            {
                // It depends on what has arrived whether the end is clean or a reset.
                answer = "no answer";
            }
        }

        halves.ForEach(half => half.Dispose());
        return answer;
    }

    // Until the server has it: it may take in others that come later first.
    private async Task<WirePeer> ConnectHalfAsync(int port)
    {
        _read = new();
        var half = await WirePeer.ConnectAsync(port);
        await half.SendAsync("GET /orders HTTP/1.1\r\n");
        await _read.Task.WaitAsync(Patience.Long);
        return half;
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
