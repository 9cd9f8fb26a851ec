using System.Text;
using Bedrock.Ghms.Throughput;
using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

/// <summary>What is not tested against a server of its own, because that may not be installed.</summary>
internal sealed class WireTests
{
    private static readonly string Word = Encoding.Latin1.GetString(Words.MessagePack(7));

    [Test]
    public void Redis_pushes_what_is_published()
    {
        Flow flow = new RespWire().FlowOf(new Role(Work.FanOut, 3), 8);
        Assert.That(Seventh(flow.Sent), Is.EqualTo($"*3\r\n$7\r\nPUBLISH\r\n$4\r\nload\r\n$108\r\n{Word}\r\n"));
        Assert.That(Seventh(flow.Received), Is.EqualTo($">3\r\n$7\r\nmessage\r\n$4\r\nload\r\n$108\r\n{Word}\r\n"));
    }

    [Test]
    public void NATS_sends_what_is_published_to_its_subscription()
    {
        Flow flow = new NatsWire().FlowOf(new Role(Work.FanOut, 3), 8);
        Assert.That(Seventh(flow.Sent), Is.EqualTo($"PUB load 108\r\n{Word}\r\n"));
        Assert.That(Seventh(flow.Received), Is.EqualTo($"MSG load 1 108\r\n{Word}\r\n"));
    }

    [Test]
    public void Who_is_to_be_echoed_has_a_topic_of_its_own()
    {
        foreach (IWire wire in new IWire[] { new RespWire(), new NatsWire(), new MqttWire() })
        {
            Assert.That(wire.Variant(new Role(Work.Echo, 1)), Is.Not.EqualTo(wire.Variant(new Role(Work.Echo, 2))));
            Assert.That(Seventh(wire.FlowOf(new Role(Work.Echo, 1), 8).Sent), Does.Contain("load1"));
            Assert.That(wire.Variant(new Role(Work.FanOut, 1)), Is.EqualTo(wire.Variant(new Role(Work.FanOut, 2))));
        }
    }

    private static string Seventh(FrameRing ring) => Encoding.Latin1.GetString(ring.Take(7, 1));
}
