using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Bedrock.Ghms.Server.Tests.Support;
using MessagePack;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The conversations of the test vectors, and the payloads of their other lists, over real sockets.</summary>
internal sealed class ConversationVectorTests : ServerFixture
{
    private const string Json = "application/json";
    private const uint Reply = 0xFFFFFF11;
    private const uint Fault = 0xFFFFFF12;
    private const uint Item = 0xFFFFFF14;

    [Test]
    public async Task The_EchoServer_holds_every_conversation_as_the_vectors_say()
    {
        await using var server = await EchoProcess.StartAsync("--max-connections", "1000");
        var cases = Conversations.Where(@case => @case["server"] is null).ToList();
        Assert.That(cases, Has.Count.GreaterThan(140));
        cases.RemoveAll(IsStrange);
        var alone = cases.Where(@case => (bool?)@case["broadcast"] == true).ToList();
        IReadOnlyList<string> failures =
        [
            .. await Vectors.PlayAsync(cases.Except(alone), @case => PlayAsync(@case, server.Port)),
            .. await Vectors.PlayAsync(alone, @case => PlayAsync(@case, server.Port), atOnce: 1),
        ];
        Assert.That(failures, Is.Empty);
    }

    [Test]
    public async Task Servers_with_settings_of_their_own_hold_every_conversation_as_the_vectors_say()
    {
        var groups = Conversations.Where(@case => @case["server"] is not null).GroupBy(@case => @case["server"]!.ToJsonString()).ToList();
        Assert.That(groups, Has.Count.EqualTo(3));
        foreach (var group in groups)
        {
            var settings = group.First()["server"]!;
            var app = await StartAsync(TimelessEcho, options =>
            {
                options.MaxMessageSize = (int?)settings["maxMessageSize"] ?? options.MaxMessageSize;
                options.HeartbeatCode = (uint?)settings["heartbeatCode"] ?? options.HeartbeatCode;
            });
            Assert.That(await Vectors.PlayAsync(group, @case => PlayAsync(@case, PortOf(app))), Is.Empty);
        }
    }

    [Test]
    public async Task The_EchoServer_decodes_every_payload_of_the_vectors_and_refuses_what_cannot_be_decoded()
    {
        await using var server = await EchoProcess.StartAsync("--max-connections", "1000");
        var messages = Vectors.Load("frames.json", "messages").OfType<JsonNode>().Where(@case => (uint)@case["code"]! is 10 or 11).ToList();
        var undecodable = Vectors.Load("frames.json", "undecodable").OfType<JsonNode>().ToList();
        Assert.That(messages, Has.Count.GreaterThan(60));
        Assert.That(undecodable, Has.Count.GreaterThan(150));
        messages.RemoveAll(IsStrange);
        undecodable.RemoveAll(IsStrange);
        IReadOnlyList<string> failures =
        [
            .. await Vectors.PlayAsync(messages, async @case =>
            {
                using var peer = await SendPayloadAsync(@case, server.Port);
                await ExpectFrameAsync(peer, @case, (string)@case["encoding"]!);
            }),
            .. await Vectors.PlayAsync(undecodable, async @case =>
            {
                using var peer = await SendPayloadAsync(@case, server.Port);
                Expect(1007, await peer.ReadCloseAsync());
            }),
        ];
        Assert.That(failures, Is.Empty);
    }

    [Test]
    public async Task The_EchoServer_takes_every_good_Close_and_answers_every_bad_one_as_the_vectors_say()
    {
        await using var server = await EchoProcess.StartAsync("--max-connections", "1000");
        var (valid, invalid) = (Vectors.Load("close.json", "valid"), Vectors.Load("close.json", "invalid"));
        IReadOnlyList<string> failures =
        [
            .. await Vectors.PlayAsync(valid.OfType<JsonNode>(), async @case =>
            {
                using var peer = await WirePeer.UpgradeAsync(server.Port);
                await peer.SendAsync(WirePeer.Frame(WirePeer.Close, Vectors.Bytes(@case["payload"]!)));
                await peer.ReadFinAsync();
            }),
            .. await Vectors.PlayAsync(invalid.OfType<JsonNode>(), async @case =>
            {
                using var peer = await WirePeer.UpgradeAsync(server.Port);
                await peer.SendAsync(WirePeer.Frame(WirePeer.Close, Vectors.Bytes(@case["payload"]!)));
                Expect((int)@case["closeWith"]!, await peer.ReadCloseAsync());
            }),
        ];
        Assert.That(failures, Is.Empty);
    }

    [Test]
    public async Task The_EchoServer_holds_every_conversation_about_topics_as_the_vectors_say()
    {
        await using var server = await EchoProcess.StartAsync();
        var cases = Vectors.Load("topics.json", "conversations").OfType<JsonNode>().ToList();
        Assert.That(cases, Has.Count.GreaterThan(30));
        cases.RemoveAll(IsStrange);
        Assert.That(await Vectors.PlayAsync(cases, @case => PlayAsync(@case, server.Port)), Is.Empty);
    }

    [Test]
    public async Task The_EchoServer_holds_every_conversation_about_requests_as_the_vectors_say()
    {
        await using var server = await EchoProcess.StartAsync();
        var cases = Vectors.Load("requests.json", "conversations").OfType<JsonNode>().ToList();
        Assert.That(cases, Has.Count.GreaterThan(30));
        cases.RemoveAll(IsStrange);
        Assert.That(await Vectors.PlayAsync(cases, @case => PlayAsync(@case, server.Port)), Is.Empty);
    }

    [Test]
    public async Task A_mapped_endpoint_holds_every_conversation_that_the_client_does_not_cut_short_as_the_vectors_say()
    {
        HandlersFail = true;
        var app = await StartMappedAsync(TimelessEcho, options => options.MaxConnections = 1_000);
        await HoldAsync(@case => (bool?)@case["thenFin"] != true, accept => WirePeer.UpgradeAsync(PortOf(app), accept));
    }

    [Test]
    public async Task A_listener_with_TLS_holds_every_conversation_as_the_vectors_say()
    {
        HandlersFail = true;
        var app = await StartAsync(
            services => TimelessEcho(services.AddGhms(options => options.MaxConnections = 1_000)),
            listen =>
            {
                listen.UseHttps(Certificates.Server);
                listen.UseConnectionHandler<GhmsHandler>();
            });
        await HoldAsync(_ => true, async accept =>
        {
            var peer = await WirePeer.ConnectAsync(PortOf(app), Certificates.TrustServer());
            await peer.UpgradeAsync(accept);
            return peer;
        });
    }

    private static async Task HoldAsync(Func<JsonNode, bool> isHeld, Func<string, Task<WirePeer>> upgrade)
    {
        var cases = Conversations.Where(@case => @case["server"] is null && isHeld(@case)).ToLookup(@case => (bool?)@case["broadcast"] == true);
        Assert.That(cases[false].ToList(), Has.Count.GreaterThan(100));
        IReadOnlyList<string> failures =
        [
            .. await Vectors.PlayAsync(cases[false], @case => PlayAsync(@case, upgrade)),
            .. await Vectors.PlayAsync(cases[true], @case => PlayAsync(@case, upgrade), atOnce: 1),
        ];
        Assert.That(failures, Is.Empty);
    }

    private static IEnumerable<JsonNode> Conversations => Vectors.Load("frames.json", "conversations").OfType<JsonNode>();

    private static async Task<WirePeer> SendPayloadAsync(JsonNode @case, int port)
    {
        var peer = await WirePeer.UpgradeAsync(port, (string)@case["encoding"]!);
        await peer.SendAsync(WirePeer.Frame((uint)@case["code"]!, Vectors.Bytes(@case["payload"]!)));
        return peer;
    }

    private static Task PlayAsync(JsonNode @case, int port) => PlayAsync(@case, accept => WirePeer.UpgradeAsync(port, accept));

    private static async Task PlayAsync(JsonNode @case, Func<string, Task<WirePeer>> upgrade)
    {
        var encoding = (string?)@case["encoding"] ?? Json;
        using var peer = await upgrade(encoding);
        try
        {
            foreach (var entry in @case["send"]!.AsArray())
            {
                await peer.SendAsync(Vectors.Bytes(entry!));
            }
        }
        catch (SocketException) when (@case["expect"]![0]!["close"] is not null)
        {
            // A server that has refused the beginning waits for the rest, but not for long. Its Close is there to be read.
        }

        if ((bool?)@case["thenFin"] == true)
        {
            peer.Finish();
        }

        var isEcho = encoding == Json;
        foreach (var expected in @case["expect"]!.AsArray())
        {
            if (expected!["bytes"] is { } bytes)
            {
                var (code, payload) = await peer.ReadFrameAsync() ?? throw new InvalidDataException("The stream ended; a message was expected.");
                Expect(Convert.ToHexString(Vectors.Bytes(bytes)), Convert.ToHexString(WirePeer.Frame(code, payload)));
            }
            else if (expected["frame"] is { } frame)
            {
                await ExpectFrameAsync(peer, frame, encoding);
            }
            else if (expected["reply"] is { } reply)
            {
                await ExpectAnswerAsync(peer, Reply, reply, (uint)reply["code"]!, encoding);
            }
            else if (expected["items"] is { } items)
            {
                for (var number = (int)items["from"]!; number <= (int)items["to"]!; number++)
                {
                    var item = new JsonObject { ["id"] = (string)items["id"]!, ["value"] = new JsonObject { ["Word"] = $"{number}" } };
                    await ExpectAnswerAsync(peer, Item, item, 10, encoding);
                }
            }
            else if (expected["fault"] is { } fault)
            {
                await ExpectFaultAsync(peer, fault);
            }
            else if (expected["send"] is { } more)
            {
                await peer.SendAsync(Vectors.Bytes(more));
            }
            else if (expected["end"] is not null)
            {
                peer.Finish();
            }
            else if (expected["close"] is { } status)
            {
                Expect((int)status, await peer.ReadCloseAsync());
            }
            else if (expected["fin"] is not null)
            {
                await peer.ReadFinAsync();
            }
            else if (isEcho)
            {
                await peer.EchoAsync();
            }
            else
            {
                byte[] packed = [0x81, 0xA4, .. "Word"u8, 0xA1, .. "x"u8];
                await peer.SendAsync(WirePeer.Frame(10, packed));
                Expect(Convert.ToHexString(packed), Convert.ToHexString((await peer.ReadFrameAsync())!.Value.Payload));
            }
        }
    }

    private static async Task ExpectFrameAsync(WirePeer peer, JsonNode expected, string encoding)
    {
        var (code, payload) = await peer.ReadFrameAsync() ?? throw new InvalidDataException("The stream ended; a message was expected.");
        Expect((uint)expected["code"]!, code);
        ExpectValue(expected["value"]!, payload, encoding);
    }

    private static async Task ExpectAnswerAsync(WirePeer peer, uint expectedCode, JsonNode expected, uint innerCode, string encoding)
    {
        var (code, payload) = await peer.ReadFrameAsync() ?? throw new InvalidDataException("The stream ended; an answer was expected.");
        Expect($"{expectedCode:X8} {(string)expected["id"]!} {innerCode:x8}", $"{code:X8} {Hex(payload, 0, 8)} {Hex(payload, 8, 4)}");
        if (expected["value"] is { } value)
        {
            ExpectValue(value, payload[12..], encoding);
        }
        else
        {
            Expect(12, payload.Length);
        }
    }

    private static async Task ExpectFaultAsync(WirePeer peer, JsonNode expected)
    {
        var (code, payload) = await peer.ReadFrameAsync() ?? throw new InvalidDataException("The stream ended; a Fault was expected.");
        Expect($"{Fault:X8} {(string)expected["id"]!} {(int)expected["status"]!:x4}", $"{code:X8} {Hex(payload, 0, 8)} {Hex(payload, 8, 2)}");
        _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(payload, 10, payload.Length - 10);
    }

    private static string Hex(byte[] payload, int offset, int count) =>
        Convert.ToHexStringLower(payload.Skip(offset).Take(count).ToArray());

    private static void ExpectValue(JsonNode expected, byte[] payload, string encoding)
    {
        foreach (var (name, value) in expected.AsObject())
        {
            Expect(Vectors.Text(value!), encoding == Json ? (string?)JsonNode.Parse(payload)![name] : Unpack(payload)[name]);
        }
    }

    // Bytes as base64, which is how the vectors show them.
    private static Dictionary<string, string> Unpack(byte[] payload) =>
        MessagePackSerializer.Deserialize<Dictionary<string, object>>(payload)
            .ToDictionary(member => member.Key, member => member.Value as string ?? Convert.ToBase64String((byte[])member.Value));

    private static bool IsStrange(JsonNode @case) => !EchoProcess.Knows((string?)@case["encoding"]);

    private static void Expect<T>(T expected, T actual)
    {
        if (!Equals(expected, actual))
        {
            throw new InvalidDataException($"{Cut(expected)} was expected, not {Cut(actual)}.");
        }

        static string? Cut(T value) => value?.ToString() is { Length: > 200 } text ? $"{text[..200]}… ({text.Length})" : value?.ToString();
    }
}
