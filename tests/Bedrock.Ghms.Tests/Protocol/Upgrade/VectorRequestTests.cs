using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>Plays every request vector against a server in memory.</summary>
public sealed class VectorRequestTests
{
    // Continuations run inside the writes that cause them, so that no case waits for another thread.
    private static readonly InMemoryOptions Inline = new() { Scheduler = PipeScheduler.Inline };

    [TestCaseSource(nameof(Requests))]
    public async Task Whole(JsonElement vector) => await PlayAsync(vector, size: int.MaxValue);

    [TestCaseSource(nameof(Requests))]
    public async Task Byte_by_byte(JsonElement vector) => await PlayAsync(vector, size: 1);

    // The host's own check has no hook in a broker yet; its cases come with that.
    private static IEnumerable<TestCaseData> Requests() => Vectors.Cases(
        "upgrade-requests.json", "cases", vector => !vector.TryGetProperty("server", out var server) || !server.TryGetProperty("admission", out _));

    private static async Task PlayAsync(JsonElement vector, int size)
    {
        vector.TryGetProperty("server", out var settings);
        await using var broker = Build(settings);
        var server = new InMemoryServer(EndpointFor(broker, settings), Inline);
        var peers = new List<RawPeer>();
        for (var open = Number(settings, "openConnections") ?? 0; open > 0; open--)
        {
            var earlier = new RawPeer(server.Connect());
            Assert.That(await earlier.UpgradeAsync(), Does.StartWith("HTTP/1.1 101 "));
            peers.Add(earlier);
        }

        var peer = new RawPeer(server.Connect());
        peers.Add(peer);
        var request = vector.GetProperty("request").Latin1();
        for (var sent = 0; sent < request.Length; sent += Math.Min(size, request.Length - sent))
        {
            await peer.SendAsync(request.AsMemory(sent, Math.Min(size, request.Length - sent)));
        }

        var head = await peer.ReadHeadAsync();
        Check(vector.GetProperty("expect"), head, await ReadBodyAsync(peer, head));

        // Else the broker's end would wait for each peer to be quiet.
        foreach (var open in peers)
        {
            await open.FinishAsync();
        }
    }

    private static void Check(JsonElement expect, string head, string body)
    {
        var lines = head[..^4].Split("\r\n");
        var status = expect.GetProperty("status").GetInt32();
        Assert.That(lines[0], Does.StartWith(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} ")));
        var fields = lines.Skip(1).ToDictionary(line => line[..line.IndexOf(':', StringComparison.Ordinal)], line => line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..], StringComparer.OrdinalIgnoreCase);
        using (Assert.EnterMultipleScope())
        {
            if (status == 101)
            {
                Assert.That(fields["Connection"], Is.EqualTo("Upgrade"));
                Assert.That(fields["Upgrade"], Is.EqualTo("GHMS/0.1"));
                Assert.That(fields["GHMS-Timeout"], Is.EqualTo("30000"));
                Assert.That(fields["GHMS-Max-Message-Size"], Is.EqualTo("1000000"));
                Assert.That(fields.Keys, Has.None.EqualTo("Content-Length").And.None.EqualTo("Transfer-Encoding"));
            }
            else
            {
                Assert.That(fields["Connection"], Is.EqualTo(status == 426 ? "close, Upgrade" : "close"));
                Assert.That(fields["Content-Type"], Is.EqualTo("text/plain; charset=utf-8"));
                Assert.That(DateTimeOffset.TryParseExact(fields["Date"], "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _), Is.True);
                CheckBody(expect, fields["Content-Length"], body);
            }

            if (expect.StringOrNull("contentType") is { } contentType)
            {
                Assert.That(fields["Content-Type"], Is.EqualTo(contentType));
            }

            foreach (var field in Members(expect, "fields"))
            {
                Assert.That(fields.GetValueOrDefault(field.Name), Is.EqualTo(field.Value.GetString()), field.Name);
            }

            foreach (var name in Elements(expect, "present"))
            {
                Assert.That(fields.Keys, Has.Some.EqualTo(name).IgnoreCase);
            }
        }
    }

    private static void CheckBody(JsonElement expect, string length, string body)
    {
        if (expect.TryGetProperty("noBody", out _))
        {
            Assert.That(body, Is.Empty);
            return;
        }

        Assert.That(body, Has.Length.EqualTo(int.Parse(length, CultureInfo.InvariantCulture)));
        Assert.That(body.TrimEnd('\n'), Is.Not.Empty.And.Not.Contains("\n").And.Not.Contains("\r"), "one line");
        foreach (var piece in Elements(expect, "bodyContains"))
        {
            Assert.That(body, Does.Contain(piece));
        }
    }

    /// <summary>What follows a refusal, up to the end of the stream.</summary>
    private static async Task<string> ReadBodyAsync(RawPeer peer, string head)
    {
        if (head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
        {
            return "";
        }

        await peer.FinishAsync();
        while (true)
        {
            var result = await peer.ReadAsync();
            if (result.IsCompleted)
            {
                return Encoding.Latin1.GetString(result.Buffer);
            }

            peer.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private static GhmsBroker Build(JsonElement settings)
    {
        var builder = new GhmsTestBuilder();
        var encodings = Elements(settings, "encodings").ToArray();
        foreach (var encoding in encodings.Length > 0 ? encodings : [MediaTypes.Json, MediaTypes.MessagePack])
        {
            builder.AddEncoding(encoding switch
            {
                MediaTypes.Json => new JsonMessageEncoding(),
                MediaTypes.MessagePack => new MessagePackMessageEncoding(),
                MediaTypes.Binary => new BinaryMessageEncoding(),
                _ => throw new NotSupportedException(encoding),
            });
        }

        return builder.Configure(options => options.MaxConnections = Number(settings, "maxConnections") ?? options.MaxConnections).Build();
    }

    private static UpgradeEndpoint EndpointFor(GhmsBroker broker, JsonElement settings)
    {
        var paths = Elements(settings, "paths").ToArray();
        return paths.Length == 0 ? new UpgradeEndpoint(broker) : new UpgradeEndpoint(paths.ToDictionary(path => path, _ => broker));
    }

    private static int? Number(JsonElement settings, string name) =>
        settings.ValueKind == JsonValueKind.Object && settings.TryGetProperty(name, out var value) ? value.GetInt32() : null;

    private static IEnumerable<string> Elements(JsonElement settings, string name) =>
        settings.ValueKind == JsonValueKind.Object && settings.TryGetProperty(name, out var value)
            ? value.EnumerateArray().Select(element => element.GetString()!)
            : [];

    private static JsonElement.ObjectEnumerator Members(JsonElement settings, string name) =>
        settings.TryGetProperty(name, out var value) ? value.EnumerateObject() : default;
}
