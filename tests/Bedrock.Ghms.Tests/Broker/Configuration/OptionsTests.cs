using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Testing;

namespace Bedrock.Ghms.Tests.Broker.Configuration;

internal sealed class OptionsTests : BrokerFixture
{
    private static readonly TestCaseData[] Broken =
    [
        new((GhmsBrokerOptions o) => { o.MaxConnections = 0; }, "MaxConnections"),
        new((GhmsBrokerOptions o) => { o.MaxMessageSize = 0; }, "MaxMessageSize"),
        new((GhmsBrokerOptions o) => { o.MaxMessageSize = int.MaxValue; }, "MaxMessageSize"),
        new((GhmsBrokerOptions o) => { o.SendBufferSize = 0; }, "SendBufferSize"),
        new((GhmsBrokerOptions o) => { o.SendBufferSize = 1_048_577; }, "SendBufferSize"),
        new((GhmsBrokerOptions o) => { o.Timeout = TimeSpan.FromMilliseconds(99); }, "Timeout"),
        new((GhmsBrokerOptions o) => { o.Timeout = TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(1); }, "Timeout"),
        new((GhmsBrokerOptions o) => { o.Timeout = TimeSpan.FromMilliseconds(100.5); }, "whole milliseconds"),
        new((GhmsBrokerOptions o) => { o.HeartbeatCode = 0; }, "HeartbeatCode"),
        new((GhmsBrokerOptions o) => { o.HeartbeatCode = 0xFFFF_FF00; }, "HeartbeatCode"),
        new((GhmsBrokerOptions o) => { o.LookAhead = -1; }, "LookAhead"),
        new((GhmsBrokerOptions o) => { o.Outbound.SoftLimit = 0; }, "SoftLimit"),
        new((GhmsBrokerOptions o) => { o.Outbound.HardLimit = o.Outbound.SoftLimit - 1; }, "HardLimit"),
        new((GhmsBrokerOptions o) => { o.Outbound.SoftLimitTime = TimeSpan.Zero; }, "SoftLimitTime"),
        new((GhmsBrokerOptions o) => { o.Upgrade.HeaderTimeout = TimeSpan.Zero; }, "HeaderTimeout"),
        new((GhmsBrokerOptions o) => { o.Upgrade.MaxPending = 0; }, "MaxPending"),
    ];

    [TestCaseSource(nameof(Broken))]
    public void A_broken_rule_is_named(Action<GhmsBrokerOptions> configure, string rule)
    {
        var error = Assert.Throws<GhmsInvalidConfigException>(() => Build(broker => broker.AddJson().Configure(configure)));
        Assert.That(error!.Failures, Has.Count.EqualTo(1).And.Some.Contains(rule));
        Assert.That(error.Message, Does.Contain(rule));
    }

    [Test]
    public void All_broken_rules_are_listed_at_once()
    {
        var error = Assert.Throws<GhmsInvalidConfigException>(() => Build(broker => broker.Configure(options =>
        {
            options.MaxConnections = 0;
            options.LookAhead = -1;
            options.Upgrade.MaxPending = 0;
        })));
        Assert.That(error!.Failures, Has.Count.EqualTo(4).And.Some.Contains("MaxConnections").And.Some.Contains("LookAhead")
            .And.Some.Contains("MaxPending").And.Some.Contains("No encoding"));
    }

    [Test]
    public void A_broker_without_an_encoding_does_not_start() => Assert.That(
        () => Build(broker => broker.AddMessage<Greeting>()),
        Throws.TypeOf<GhmsInvalidConfigException>().With.Message.Contains("AddJson"));

    [Test]
    public void Two_encodings_of_one_name_do_not_start() => Assert.That(
        () => Build(broker => broker.AddJson().AddBinary().AddEncoding(new JsonMessageEncoding())),
        Throws.TypeOf<GhmsInvalidConfigException>().With.Message.Contains("application/json"));

    [Test]
    public void The_extremes_are_valid() => Assert.That(
        () => Build(broker => broker.AddJson().Configure(options =>
        {
            options.MaxConnections = int.MaxValue;
            options.MaxMessageSize = 1;
            options.SendBufferSize = 1_048_576;
            options.Timeout = TimeSpan.FromMilliseconds(100);
            options.HeartbeatCode = 0xFFFF_FEFF;
            options.LookAhead = 0;
            options.Outbound.SoftLimit = options.Outbound.HardLimit = 1;
        })),
        Throws.Nothing);

    [Test]
    public void The_defaults_are_the_public_constants()
    {
        var options = new GhmsBrokerOptions();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((options.MaxConnections, Ghms.MaxConnections), Is.EqualTo((100, 100)));
            Assert.That((options.MaxMessageSize, Ghms.MaxMessageSize), Is.EqualTo((1_000_000, 1_000_000)));
            Assert.That((options.SendBufferSize, Ghms.SendBufferSize), Is.EqualTo((1_024, 1_024)));
            Assert.That((options.Timeout, Ghms.Timeout), Is.EqualTo((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30))));
            Assert.That((options.HeartbeatCode, Ghms.HeartbeatCode), Is.EqualTo((1u, 1u)));
            Assert.That(options.Upgrade.MaxPending, Is.EqualTo(1_000));
            Assert.That(options.Upgrade.KeptHeaders, Is.Empty);
            Assert.That((Ghms.Protocol, Ghms.CloseCode, Ghms.FirstExtensionCode), Is.EqualTo(("GHMS/0.1", 0u, 0xFFFF_FF00u)));
        }
    }

    [Test]
    public async Task What_is_changed_after_the_start_has_no_effect()
    {
        GhmsBrokerOptions kept = null!;
        var builder = new GhmsTestBuilder().AddJson().AddMessage<Greeting>().Configure(options =>
        {
            kept = options;
            options.Timeout = TimeSpan.FromSeconds(12);
            options.MaxMessageSize = 1_234;
            options.Upgrade.KeptHeaders.Add("X-A");
        });
        var broker = Own(builder.Build(Services));
        kept.Timeout = TimeSpan.FromSeconds(99);
        kept.MaxMessageSize = 1;
        kept.MaxConnections = 0;
        kept.Upgrade.KeptHeaders.Clear();
        builder.Definition.Encodings.Clear();
        builder.Definition.Messages.Clear();
        var peer = new RawPeer(new InMemoryServer(broker).Connect());
        var head = await peer.UpgradeAsync();
        Assert.That(head, Does.Contain("GHMS-Timeout: 12000\r\n").And.Contain("GHMS-Max-Message-Size: 1234\r\n").And.Contain("application/json"));
        Assert.That(broker.Options.Upgrade.KeptHeaders, Is.EqualTo(new[] { "X-A" }));
        Assert.That(broker.Registry.Contains(typeof(Greeting)), Is.True);
    }
}
