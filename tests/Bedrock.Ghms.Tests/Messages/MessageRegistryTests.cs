using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Messages.Encodings;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Messages;

/// <summary>What a broker refuses to start with.</summary>
public sealed class MessageRegistryTests
{
    [Test]
    public void Two_types_with_one_code_are_both_named() => Assert.That(
        () => Start(broker => broker.AddMessage<Support.Greeting>(30).AddMessage<Farewell>(30)),
        Throws.TypeOf<GhmsDuplicateMessageCodeException>()
            .With.Message.Contains(nameof(Support.Greeting)).And.Message.Contains(nameof(Farewell)).And.Message.Contains("30"));

    [Test]
    public void One_type_with_two_codes_is_refused_with_both() => Assert.That(
        () => Start(broker => broker.AddMessage<Farewell>(30).AddMessage<Farewell>(31)),
        Throws.TypeOf<GhmsDuplicateMessageCodeException>().With.Message.Contains("30").And.Message.Contains("31"));

    [TestCase(0u, "Close")]
    [TestCase(1u, "Heartbeat")]
    [TestCase(0xFFFF_FF00u, "extension")]
    [TestCase(0xFFFF_FFFFu, "extension")]
    public void A_reserved_code_is_refused_and_its_owner_named(uint code, string owner) => Assert.That(
        () => Start(broker => broker.AddMessage<Farewell>(code)),
        Throws.TypeOf<GhmsInvalidMessageCodeException>().With.Message.Contains(nameof(Farewell)).And.Message.Contains(owner));

    [TestCase(2u)]
    [TestCase(0xFFFF_FEFFu)]
    public void The_application_s_codes_are_taken(uint code) =>
        Assert.That(() => Start(broker => broker.AddMessage<Farewell>(code)), Throws.Nothing);

    [TestCase(50u)]
    [TestCase(1u)]
    public void A_moved_heartbeat_reserves_its_code_and_leaves_the_old_one_reserved(uint code) => Assert.That(
        () => Start(broker => broker.Configure(options => options.HeartbeatCode = 50).AddMessage<Farewell>(code)),
        Throws.TypeOf<GhmsInvalidMessageCodeException>().With.Message.Contains("Heartbeat"));

    [Test]
    public void An_extension_claims_its_code_explicitly_and_no_other()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => Create(MessageRegistration.Create<Farewell>(0xFFFF_FF80, kind: MessageKind.Extension)).Find(0xFFFF_FF80)?.Type, Is.EqualTo(typeof(Farewell)));
            Assert.That(() => Create(MessageRegistration.Create<Farewell>(0xFFFF_FF80, kind: MessageKind.ImmediateExtension)), Throws.Nothing);
            Assert.That(
                () => Create(MessageRegistration.Create<Farewell>(30, kind: MessageKind.Extension)),
                Throws.TypeOf<GhmsInvalidMessageCodeException>().With.Message.Contains("application"));
        }
    }

    [Test]
    public void A_type_fixed_to_an_encoding_that_is_not_registered_is_refused() => Assert.That(
        () => Start(broker => broker.AddMessage(30, () => new Number(), MediaTypes.Binary)),
        Throws.TypeOf<GhmsInvalidEncodingException>().With.Message.Contains(nameof(Number)).And.Message.Contains(MediaTypes.Binary));

    [Test]
    public void Every_type_that_an_encoding_cannot_carry_is_listed_with_it()
    {
        // MessagePack cannot honour a factory, binary needs a type that writes itself.
        var error = Assert.Throws<GhmsInvalidConfigException>(() => Start(broker => broker
            .AddMessagePack()
            .AddBinary()
            .AddMessage(30, () => new Note())
            .AddMessage<Farewell>(31)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Failures, Has.Count.EqualTo(3));
            Assert.That(error.Failures, Has.Some.Contains(nameof(Note)).And.Some.Contains(MediaTypes.MessagePack));
            Assert.That(error.Failures, Has.Some.Contains(nameof(Farewell)).And.Some.Contains(MediaTypes.Binary));
        }
    }

    [Test]
    public void A_type_fixed_to_one_encoding_need_not_be_carried_by_the_others()
    {
        var registry = Create(MessageRegistration.Create(30, () => new Number(), MediaTypes.Binary));
        Assert.That(registry.Find(30)!.OrdinalFor(0), Is.EqualTo(1));
    }

    [Test]
    public void Other_types_need_not_use_an_encoding_that_is_not_offered()
    {
        var registry = Create(MessageRegistration.Create(30, () => new Number(), MediaTypes.Binary), MessageRegistration.Create<Farewell>(31));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(registry.Offered.Select(encoding => encoding.MediaType), Is.EqualTo([MediaTypes.Json]));
            Assert.That(registry.Find(31)!.OrdinalFor(0), Is.Zero);
            Assert.That(() => Start(broker => broker.AddBinary().AddMessage<Farewell>(31)), Throws.TypeOf<GhmsInvalidConfigException>());
        }
    }

    [Test]
    public void A_type_is_found_by_code_and_by_type()
    {
        var registry = Create(MessageRegistration.Create<Farewell>(30));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(registry.Find(30), Is.SameAs(registry.Find(typeof(Farewell))));
            Assert.That(registry.Find(31), Is.Null);
            Assert.That(registry.Contains(typeof(Support.Greeting)), Is.False);
            Assert.That(() => registry.Find(typeof(Support.Greeting)), Throws.TypeOf<GhmsInvalidMessageCodeException>().With.Message.Contains("Greeting"));
        }
    }

    private static void Start(Action<GhmsTestBuilder> configure)
    {
        var builder = new GhmsTestBuilder().AddJson();
        configure(builder);
        builder.Build();
    }

    private static MessageRegistry Create(params MessageRegistration[] registrations) =>
        MessageRegistry.Create([new JsonMessageEncoding()], [new BinaryMessageEncoding()], registrations, Ghms.HeartbeatCode);
}
