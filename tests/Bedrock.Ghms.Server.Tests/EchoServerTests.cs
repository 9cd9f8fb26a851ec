using System.Text;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The codes of the EchoServer, over the wire; one process serves them all.</summary>
internal sealed class EchoServerTests
{
    private const string Json = "application/json";
    private const string MessagePack = "application/vnd.msgpack";

    private EchoProcess _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await EchoProcess.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [TestCase(Json, 10u, """{"Word":"hello"}""")]
    [TestCase(Json, 11u, """{"Data":"AAH/"}""")]
    [TestCase(MessagePack, 10u, "\u0081\u00A4Word\u00A5hello")]
    [TestCase(MessagePack, 11u, "\u0081\u00A4Data\u00C4\u0003\0\u0001\u00FF")]
    public async Task Codes_10_and_11_come_back_to_their_sender_alone(string encoding, uint code, string latin1)
    {
        EchoProcess.Require(encoding);
        using var sender = await WirePeer.UpgradeAsync(_server.Port, encoding);
        using var other = await WirePeer.UpgradeAsync(_server.Port, encoding);
        var payload = Encoding.Latin1.GetBytes(latin1);
        await sender.SendAsync(WirePeer.Frame(code, payload));
        var answer = await sender.ReadFrameAsync();
        Assert.That(answer?.Code, Is.EqualTo(code));
        Assert.That(answer?.Payload, Is.EqualTo(payload));
        other.Finish();
        await other.ReadFinAsync();
    }

    [Test]
    public async Task Code_12_goes_to_everyone_in_their_own_encoding()
    {
        EchoProcess.Require(MessagePack);
        using var sender = await WirePeer.UpgradeAsync(_server.Port, Json);
        using var packed = await WirePeer.UpgradeAsync(_server.Port, MessagePack);
        await sender.SendFrameAsync(12, """{"Word":"news"}""");
        Assert.That(await sender.ReadTextAsync(), Is.EqualTo((12u, """{"Word":"news"}""")));
        Assert.That((await packed.ReadFrameAsync())?.Payload, Is.EqualTo(Encoding.Latin1.GetBytes("\u0081\u00A4Word\u00A4news")));
    }

    [TestCase(Json, """{"Word":"on purpose"}""")]
    [TestCase(MessagePack, "\u0081\u00A4Word\u00A1x")]
    public async Task Code_13_is_1011_for_its_sender_and_for_nobody_else(string encoding, string latin1)
    {
        EchoProcess.Require(encoding);
        using var sender = await WirePeer.UpgradeAsync(_server.Port, encoding);
        using var other = await WirePeer.UpgradeAsync(_server.Port);
        await sender.SendAsync(WirePeer.Frame(13, Encoding.Latin1.GetBytes(latin1)));
        Assert.That(await sender.ReadCloseAsync(), Is.EqualTo(1011));
        await other.EchoAsync();
    }

    [Test]
    public async Task A_message_without_its_member_or_with_null_there_is_1007(
        [Values(10u, 11u, 12u, 13u)] uint code,
        [Values(Json, MessagePack)] string encoding,
        [Values] bool isNull)
    {
        EchoProcess.Require(encoding);
        var name = code == 11 ? "Data" : "Word";
        var payload = (encoding, isNull) switch
        {
            (Json, false) => "{}",
            (Json, true) => $$"""{"{{name}}":null}""",
            (_, false) => "\u0080",
            (_, true) => $"\u0081\u00A4{name}\u00C0",
        };
        using var peer = await WirePeer.UpgradeAsync(_server.Port, encoding);
        await peer.SendAsync(WirePeer.Frame(code, Encoding.Latin1.GetBytes(payload)));
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(1007));
    }

    [Test]
    public async Task Topics_are_open_to_everyone_and_retain()
    {
        EchoProcess.Require(MessagePack);
        using var publisher = await WirePeer.UpgradeAsync(_server.Port, Json);
        using var packed = await WirePeer.UpgradeAsync(_server.Port, MessagePack);
        await packed.SendAsync(WirePeer.Frame(0xFFFFFF01, "\u0001a/+"));
        Assert.That(await packed.ReadTextAsync(), Is.EqualTo((0xFFFFFF03, "\0\u0001a/+")));
        await publisher.SendAsync(WirePeer.Frame(0xFFFFFF02, "\0\u0003a/b\0\0\0\n{\"Word\":\"news\"}"));
        var publication = Encoding.Latin1.GetBytes("\0\u0003a/b\0\0\0\n\u0081\u00A4Word\u00A4news");
        Assert.That((await packed.ReadFrameAsync())?.Payload, Is.EqualTo(publication));
        using var late = await WirePeer.UpgradeAsync(_server.Port, MessagePack);
        await late.SendAsync(WirePeer.Frame(0xFFFFFF01, "\u0001#"));
        Assert.That(await late.ReadTextAsync(), Is.EqualTo((0xFFFFFF03, "\0\u0001#")));
        Assert.That((await late.ReadFrameAsync())?.Payload, Is.EqualTo(publication));
    }

    [Test]
    public async Task A_peer_that_accepts_less_than_it_sends_gets_no_echo_and_stays()
    {
        using var peer = await WirePeer.UpgradeAsync(_server.Port, fields: "GHMS-Max-Message-Size: 30\r\n");
        await peer.SendFrameAsync(10, $$"""{"Word":"{{new string('a', 100)}}"}""");
        await peer.SendFrameAsync(12, $$"""{"Word":"{{new string('a', 100)}}"}""");
        await peer.EchoAsync("short");
    }
}
