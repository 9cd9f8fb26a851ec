using System.Text.Json.Nodes;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Protocol.Upgrade;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The upgrade requests of the test vectors, over real sockets.</summary>
internal sealed class UpgradeVectorTests : ServerFixture
{
    private static IEnumerable<JsonNode> Cases => Vectors.Load("upgrade-requests.json", "cases").OfType<JsonNode>();

    [Test]
    public async Task The_EchoServer_answers_every_request_as_the_vectors_say()
    {
        await using var server = await EchoProcess.StartAsync("--max-connections", "1000");
        var cases = Cases.Where(@case => @case["server"] is null).ToList();
        Assert.That(cases, Has.Count.GreaterThan(700));
        Assert.That(await Vectors.PlayAsync(cases, @case => PlayAsync(@case, server.Port)), Is.Empty);
    }

    [Test]
    public async Task Servers_with_settings_of_their_own_answer_every_request_as_the_vectors_say()
    {
        var groups = Cases.Where(@case => @case["server"] is not null).GroupBy(@case => @case["server"]!.ToJsonString()).ToList();
        Assert.That(groups, Has.Count.GreaterThan(15));
        var failures = new List<string>();
        foreach (var group in groups)
        {
            var settings = group.First()["server"]!;
            var app = await StartAsync(
                services => Configure(services, settings),
                listen =>
                {
                    if (settings["paths"] is not JsonArray paths)
                    {
                        listen.UseConnectionHandler<GhmsHandler>();
                        return;
                    }

                    listen.UseGhms(map =>
                    {
                        foreach (var path in paths)
                        {
                            map.Broker((string)path!);
                        }
                    });
                });
            var open = new List<WirePeer>();
            for (var i = 0; i < ((int?)settings["openConnections"] ?? 0); i++)
            {
                open.Add(await WirePeer.UpgradeAsync(PortOf(app), fields: "X-Open: 1\r\n"));
            }

            failures.AddRange(await Vectors.PlayAsync(group, @case => PlayAsync(@case, PortOf(app))));
            open.ForEach(peer => peer.Dispose());
        }

        Assert.That(failures, Is.Empty);
    }

    [Test]
    public async Task A_mapped_endpoint_answers_everything_from_Upgrade_on_as_the_vectors_say()
    {
        var groups = Cases.Where(IsDecidedFromUpgradeOn).GroupBy(@case => @case["server"]?.ToJsonString() ?? "").ToList();
        Assert.That(groups.SelectMany(cases => cases).ToList(), Has.Count.GreaterThan(300));
        var failures = new List<string>();
        foreach (var group in groups)
        {
            var settings = group.First()["server"] ?? new JsonObject();
            var paths = (settings["paths"] as JsonArray)?.Select(path => (string)path!) ?? ["/{**path}"];
            var app = await StartAsync(
                services => Configure(services, settings),
                _ => { },
                app =>
                {
                    foreach (var path in paths)
                    {
                        app.MapGhms(path);
                    }
                });
            var open = new List<WirePeer>();
            for (var i = 0; i < ((int?)settings["openConnections"] ?? 0); i++)
            {
                open.Add(await WirePeer.UpgradeAsync(PortOf(app), fields: "X-Open: 1\r\n"));
            }

            failures.AddRange(await Vectors.PlayAsync(group, @case => PlayAsync(@case, PortOf(app))));
            open.ForEach(peer => peer.Dispose());
        }

        Assert.That(failures, Is.Empty);
    }

    // Of the others some depend on the host's parser: its limits, the octets of a value, white space in Connection.
    private static bool IsDecidedFromUpgradeOn(JsonNode @case)
    {
        var name = (string)@case["name"]!;
        return (int)@case["expect"]!["status"]! switch
        {
            400 => (name.StartsWith("timeout-", StringComparison.Ordinal) || name.StartsWith("max-", StringComparison.Ordinal))
                && !name.EndsWith("-superscript-digit", StringComparison.Ordinal),
            404 or 405 or 414 or 431 or 505 => false,
            _ => name != "connection-tabs" && !name.StartsWith("field-", StringComparison.Ordinal) && !name.StartsWith("size-", StringComparison.Ordinal),
        };
    }

    private static void Configure(IServiceCollection services, JsonNode settings)
    {
        var builder = services.AddGhms(options => options.MaxConnections = (int?)settings["maxConnections"] ?? 1_000);
        foreach (var encoding in settings["encodings"] as JsonArray ?? ["application/json", "application/vnd.msgpack"])
        {
            _ = (string)encoding! switch
            {
                "application/json" => builder.AddJson(),
                "application/vnd.msgpack" => builder.AddMessagePack(),
                _ => builder.AddBinary(),
            };
        }

        if (settings["admission"] is { } admission)
        {
            var refusal = new UpgradeRefusal((int)admission, "The host says no.");
            builder.Admit((request, _) => ValueTask.FromResult(request.Headers.ContainsKey("X-Open") ? null : refusal));
        }
    }

    private static async Task PlayAsync(JsonNode @case, int port)
    {
        using var peer = await WirePeer.ConnectAsync(port);
        await peer.SendAsync(Vectors.Text(@case["request"]!));
        var expect = @case["expect"]!;
        var hasBody = (bool?)expect["noBody"] != true;
        var response = await peer.ReadResponseAsync(toHead: !hasBody);
        var problems = new List<string>();
        Check("status", response.Status, (int)expect["status"]!);
        if (response.Status == 101)
        {
            CheckAccepted(response, Check);
        }
        else
        {
            CheckRefused(response, hasBody, Check);
        }

        if (expect["contentType"] is { } contentType)
        {
            Check("Content-Type", response["Content-Type"], (string?)contentType);
        }

        foreach (var (name, value) in expect["fields"] as JsonObject ?? [])
        {
            Check(name, response[name], (string?)value);
        }

        foreach (var name in expect["present"] as JsonArray ?? [])
        {
            Check($"{name} present", response[(string)name!] is not null, true);
        }

        foreach (var piece in expect["bodyContains"] as JsonArray ?? [])
        {
            Check($"body with {piece}", response.Body.Contains((string)piece!, StringComparison.Ordinal), true);
        }

        // The end of the stream, and not a reset: nothing of what the server had to say was lost.
        peer.Finish();
        await peer.ReadFinAsync();
        if (problems.Count > 0)
        {
            throw new InvalidDataException(string.Join("; ", problems));
        }

        void Check(string what, object? actual, object? expected)
        {
            if (!Equals(actual, expected))
            {
                problems.Add($"{what} is {actual ?? "missing"}, not {expected}");
            }
        }
    }

    private static void CheckAccepted(WirePeer.Response response, Action<string, object?, object?> check)
    {
        check("status line", response.StatusLine, "HTTP/1.1 101 Switching Protocols");
        check("Connection", response["Connection"], "Upgrade");
        check("Upgrade", response["Upgrade"], "GHMS/0.1");
        check("GHMS-Timeout", response["GHMS-Timeout"], "30000");
        check("GHMS-Max-Message-Size", response["GHMS-Max-Message-Size"], "1000000");
        check("Content-Length", response["Content-Length"], null);
        check("Transfer-Encoding", response["Transfer-Encoding"], null);
    }

    private static void CheckRefused(WirePeer.Response response, bool hasBody, Action<string, object?, object?> check)
    {
        check("HTTP/1.1", response.StatusLine.StartsWith("HTTP/1.1 ", StringComparison.Ordinal), true);
        check("Connection", response["Connection"], response.Status == 426 ? "close, Upgrade" : "close");
        check("Content-Type", response["Content-Type"], "text/plain; charset=utf-8");
        check("Date", DateTimeOffset.TryParse(response["Date"], out _), true);
        check("Content-Length present", response["Content-Length"] is not null, true);
        check("one line of text", !hasBody || response.Body.TrimEnd('\r', '\n').Split('\n') is [{ Length: > 0 }], true);
    }
}
