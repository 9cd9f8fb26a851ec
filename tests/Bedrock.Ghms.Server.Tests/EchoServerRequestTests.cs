using System.Buffers.Binary;
using System.Text;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>What the EchoServer answers requests with, over the wire.</summary>
internal sealed class EchoServerRequestTests
{
    private const uint Request = 0xFFFF_FF10;
    private const uint Reply = 0xFFFF_FF11;
    private const uint Fault = 0xFFFF_FF12;
    private const uint Cancel = 0xFFFF_FF13;
    private const uint Item = 0xFFFF_FF14;

    private EchoProcess _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await EchoProcess.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Code_10_is_answered_in_upper_case_and_code_11_does_not_hold_it_up()
    {
        using var peer = await WirePeer.UpgradeAsync(_server.Port);
        await AskAsync(peer, 1, 11, """{"Data":"AAH/"}""");
        await AskAsync(peer, 2, 10, """{"Word":"in time"}""");
        Assert.That(await ReadAsync(peer), Is.EqualTo((Reply, 2ul, 10u, """{"Word":"IN TIME"}""")));
        await peer.SendAsync(WirePeer.Frame(Cancel, [0, 0, 0, 0, 0, 0, 0, 1]));
        await ExpectFaultAsync(peer, 1, 1001);
    }

    [Test]
    public async Task Code_11_is_answered_after_a_while()
    {
        using var peer = await WirePeer.UpgradeAsync(_server.Port);
        await AskAsync(peer, 1, 11, """{"Data":"AAH/"}""");
        Assert.That(await ReadAsync(peer), Is.EqualTo((Reply, 1ul, 11u, """{"Data":"AAH/"}""")));
    }

    [TestCase(13u, """{"Word":"secret"}""", 1011)]
    [TestCase(4711u, "", 1003)]
    [TestCase(12u, """{"Word":"x"}""", 1003)]
    [TestCase(10u, "{}", 1007)]
    [TestCase(14u, "{}", 1007)]
    public async Task What_cannot_be_answered_has_a_Fault_and_the_connection_stays(uint code, string payload, int status)
    {
        using var peer = await WirePeer.UpgradeAsync(_server.Port);
        await AskAsync(peer, 1, code, payload);
        Assert.That(await ExpectFaultAsync(peer, 1, status), Does.Not.Contain("secret"));
        await peer.EchoAsync();
    }

    [TestCase(3)]
    [TestCase(0)]
    [TestCase(-1)]
    public async Task Code_14_counts(int to)
    {
        using var peer = await WirePeer.UpgradeAsync(_server.Port);
        await AskAsync(peer, 1, 14, $$"""{"To":{{to}}}""");
        for (var i = 1; i <= to; i++)
        {
            Assert.That(await ReadAsync(peer), Is.EqualTo((Item, 1ul, 10u, $$"""{"Word":"{{i}}"}""")));
        }

        Assert.That(await ReadAsync(peer), Is.EqualTo((Reply, 1ul, 0u, "")));
    }

    private static Task AskAsync(WirePeer peer, ulong id, uint code, string payload)
    {
        var bytes = new byte[12 + Encoding.UTF8.GetByteCount(payload)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), code);
        Encoding.UTF8.GetBytes(payload, bytes.AsSpan(12));
        return peer.SendAsync(WirePeer.Frame(Request, bytes));
    }

    private static async Task<(uint Kind, ulong Id, uint Code, string Text)> ReadAsync(WirePeer peer)
    {
        var (kind, bytes) = (await peer.ReadFrameAsync())!.Value;
        return (kind, BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(8)), Encoding.UTF8.GetString(bytes.AsSpan(12)));
    }

    private static async Task<string> ExpectFaultAsync(WirePeer peer, ulong id, int status)
    {
        var (kind, bytes) = (await peer.ReadFrameAsync())!.Value;
        Assert.That(kind, Is.EqualTo(Fault));
        Assert.That(BinaryPrimitives.ReadUInt64BigEndian(bytes), Is.EqualTo(id));
        Assert.That(BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(8)), Is.EqualTo(status));
        return Encoding.UTF8.GetString(bytes.AsSpan(10));
    }
}
