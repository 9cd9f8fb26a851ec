using System.Text;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The EchoServer with messages that write and read themselves.</summary>
internal sealed class EchoServerBinaryTests
{
    private const string Binary = "application/octet-stream";
    private const string Json = "application/json";

    private EchoProcess _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await EchoProcess.StartAsync("--binary");

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [TestCase(10u, "hello")]
    [TestCase(10u, "")]
    [TestCase(11u, "\0\u0001\u00FF")]
    public async Task A_message_is_its_own_bytes(uint code, string latin1)
    {
        using var peer = await WirePeer.UpgradeAsync(_server.Port, Binary);
        var payload = Encoding.Latin1.GetBytes(latin1);
        await peer.SendAsync(WirePeer.Frame(code, payload));
        var answer = await peer.ReadFrameAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer?.Code, Is.EqualTo(code));
            Assert.That(answer?.Payload, Is.EqualTo(payload));
        }
    }

    [Test]
    public async Task An_announcement_reaches_both_encodings()
    {
        using var binary = await WirePeer.UpgradeAsync(_server.Port, Binary);
        using var json = await WirePeer.UpgradeAsync(_server.Port, Json);
        await json.SendFrameAsync(12, """{"Word":"news"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await binary.ReadTextAsync(), Is.EqualTo((12u, "news")));
            Assert.That(await json.ReadTextAsync(), Is.EqualTo((12u, """{"Word":"news"}""")));
        }
    }

    [TestCase(10u, "\u00FF")]
    [TestCase(14u, "123")]
    public async Task What_cannot_be_read_is_1007(uint code, string latin1)
    {
        using var peer = await WirePeer.UpgradeAsync(_server.Port, Binary);
        await peer.SendAsync(WirePeer.Frame(code, Encoding.Latin1.GetBytes(latin1)));
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1007));
    }

    [Test]
    public async Task MessagePack_is_not_spoken()
    {
        using var peer = await WirePeer.ConnectAsync(_server.Port);
        await peer.SendAsync(WirePeer.Request(fields: "Accept: application/vnd.msgpack\r\n"));
        Assert.That((await peer.ReadResponseAsync()).Status, Is.EqualTo(406));
    }
}
