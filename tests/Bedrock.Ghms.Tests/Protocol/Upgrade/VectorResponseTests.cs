using System.Buffers;
using System.Text.Json;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Upgrade;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

/// <summary>Plays every response vector to the real client.</summary>
public sealed class VectorResponseTests
{
    [TestCaseSource(nameof(Accepted))]
    public async Task The_client_goes_on(JsonElement vector)
    {
        var expected = vector.GetProperty("expect").GetProperty("accepted");
        var received = new TaskCompletionSource<RawMessage>();
        await using var broker = Builder().HandleRaw((_, message, _) =>
        {
            message.Retain();
            received.SetResult(message);
            return ValueTask.CompletedTask;
        }).BuildBroker();
        var connection = await ConnectAsync(broker, vector);
        Assert.That(
            connection.Encoding,
            Is.EqualTo(expected.GetProperty("contentType").GetString() == MediaTypes.Json ? MediaTypes.Json : MediaTypes.MessagePack));

        // What follows the 101 belongs to the messages: a frame reaches its handler, half a one is a protocol error.
        var rest = expected.TryGetProperty("rest", out var hex) ? hex.Hex() : [];
        await connection.Completion.InTime();
        Assert.That(connection.End!.Cause, Is.EqualTo(rest.Length is > 0 and < 8 ? ConnectionEndCause.ClosedHere : ConnectionEndCause.EndedByPeer));
        Assert.That(received.Task.IsCompleted, Is.EqualTo(rest.Length > 8));
        if (received.Task.IsCompleted)
        {
            using var message = await received.Task;
            Assert.That(RawPeer.Frame(message.Code, message.Payload.Span), Is.EqualTo(rest));
        }
    }

    [TestCaseSource(nameof(Accepted))]
    public void The_terms_are_the_server_s(JsonElement vector)
    {
        var expected = vector.GetProperty("expect").GetProperty("accepted");
        using var parser = new UpgradeResponseParser();
        Assert.That(parser.TryParse(new ReadOnlySequence<byte>(vector.GetProperty("response").Latin1()), out _, out var response), Is.True);
        Assert.That(response!.Timeout?.TotalMilliseconds, Is.EqualTo(expected.GetProperty("timeout").GetInt32()));
        Assert.That(response.MaxMessageSize, Is.EqualTo(expected.GetProperty("maxMessageSize").GetUInt32()));
        var asked = new UpgradeRequest { Host = "localhost", Accept = Accept(vector) };
        Assert.That(UpgradeResponseRules.Check(response, asked), Is.EqualTo(expected.GetProperty("contentType").GetString()));
    }

    [TestCaseSource(nameof(Refused))]
    public async Task The_caller_learns_why(JsonElement vector)
    {
        var expected = vector.GetProperty("expect").GetProperty("refused");
        await using var broker = Builder().BuildBroker();
        var error = await Assert.ThrowsAsync<GhmsUpgradeException>(() => ConnectAsync(broker, vector));
        Assert.That(
            (error!.StatusCode, error.ReasonPhrase, error.Body),
            Is.EqualTo(((int?)expected.GetProperty("status").GetInt32(), expected.GetProperty("reason").Text(), expected.GetProperty("body").Text())));
    }

    [TestCaseSource(nameof(Invalid))]
    public async Task The_client_gives_up(JsonElement vector)
    {
        await using var broker = Builder().BuildBroker();
        var error = await Assert.ThrowsAsync<GhmsUpgradeException>(() => ConnectAsync(broker, vector));
        Assert.That(error!.Message.Where(c => c is < ' ' or > '~'), Is.Empty);
        Assert.That(broker.Count, Is.Zero);
    }

    private static IEnumerable<TestCaseData> Accepted() => Of("accepted");

    private static IEnumerable<TestCaseData> Refused() => Of("refused");

    private static IEnumerable<TestCaseData> Invalid() => Of("invalid");

    private static IEnumerable<TestCaseData> Of(string outcome) =>
        Vectors.Cases("upgrade-responses.json", "cases", vector => vector.GetProperty("expect").TryGetProperty(outcome, out _));

    private static GhmsClientBuilder Builder() => new GhmsClientBuilder().AddJson().AddMessagePack();

    private static string[] Accept(JsonElement vector) =>
        [.. (vector.StringOrNull("accept") ?? MediaTypes.Json).Split(", ").Select(range => range.Split(';')[0])];

    private static async Task<GhmsConnection> ConnectAsync(GhmsBroker broker, JsonElement vector)
    {
        var server = new ScriptedServer(System.Text.Encoding.Latin1.GetString(vector.GetProperty("response").Latin1()), finish: true);
        var transport = await server.ConnectAsync(new System.Net.IPEndPoint(0, 0));
        return await broker.StartAsync(transport, new UpgradeRequest { Host = "localhost", Accept = Accept(vector) }).InTime();
    }
}
