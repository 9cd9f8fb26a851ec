using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>W12: each encoding is encoded once, and the failure of one is that of its recipients alone.</summary>
internal sealed class BroadcastTests : WireFixture
{
    private readonly ScriptedEncoding _first = new("test/first");
    private readonly ScriptedEncoding _second = new("test/second");

    [Test]
    public async Task Each_encoding_is_encoded_once_however_many_share_it()
    {
        var broker = BuildScripted();
        var wires = await OpenManyAsync(broker);
        Assert.That(await broker.SendAsync(Blob.Of(1)), Is.EqualTo(wires.Count));
        Assert.That((_first.Calls, _second.Calls), Is.EqualTo((1, 1)));
        foreach (var wire in wires)
        {
            await wire.ExpectAsync(Blob.Of(1).Data);
        }
    }

    [Test]
    public async Task A_type_with_an_encoding_of_its_own_is_encoded_once_for_all()
    {
        var broker = BuildScripted(fixedTo: "test/second");
        var wires = await OpenManyAsync(broker);
        await broker.SendAsync(Blob.Of(1));
        Assert.That((_first.Calls, _second.Calls), Is.EqualTo((0, 1)));
        await wires[0].ExpectAsync(Blob.Of(1).Data);
    }

    [Test]
    public async Task Of_two_encodings_the_one_that_throws_fails_its_own_recipients_alone()
    {
        var broker = BuildScripted();
        var wires = await OpenManyAsync(broker);
        _second.Failure = new FormatException("Injected.");
        GhmsSendFailedException? failed = null;
        try
        {
            await broker.SendAsync(Blob.Of(1));
        }
        catch (GhmsSendFailedException exception)
        {
            failed = exception;
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Accepted, Is.EqualTo(3));
            Assert.That(
                failed?.Failures.Select(failure => failure.Connection),
                Is.EquivalentTo(wires.Where(wire => wire.Connection.Encoding == "test/second").Select(wire => wire.Connection)));
            Assert.That(failed?.Failures.Select(failure => failure.Exception), Is.All.SameAs(_second.Failure));
            Assert.That(failed?.Message, Does.Contain(failed?.Failures[0].Connection.Id));
            Assert.That((_first.Calls, _second.Calls), Is.EqualTo((1, 1)));
        }

        _second.Failure = null;
        await broker.SendAsync(Blob.Of(2));
        foreach (var wire in wires)
        {
            if (wire.Connection.Encoding == "test/first")
            {
                await wire.ExpectAsync(Blob.Of(1).Data);
            }

            await wire.ExpectAsync(Blob.Of(2).Data);
        }
    }

    [Test]
    public async Task A_peer_that_accepts_less_fails_only_itself()
    {
        var broker = BuildBlobs();
        var (small, large) = (await OpenAsync(broker, fields: "GHMS-Max-Message-Size: 100\r\n"), await OpenAsync(broker));
        var failed = await Assert.ThrowsAsync<GhmsSendFailedException>(async () => await broker.SendAsync(Blob.Of(1, 101)));
        Assert.That(failed?.Failures.Single().Connection, Is.SameAs(small.Connection));
        Assert.That(failed?.Failures.Single().Exception, Is.TypeOf<GhmsMessageTooLargeException>());
        await large.ExpectAsync(Blob.Of(1, 101).Data);
        await broker.SendAsync(Blob.Of(2));
        await small.ExpectAsync(Blob.Of(2).Data);
    }

    [Test]
    public async Task What_an_application_publishes_to_many_keeps_its_order_with_what_it_sends_to_one()
    {
        const int Messages = 200;
        var broker = BuildBlobs();
        var wires = new List<Wire>();
        while (wires.Count < 2 * SharedDrain.LeastRecipients)
        {
            wires.Add(await OpenAsync(broker));
        }

        for (var i = 0; i < Messages; i++)
        {
            Assert.That(await broker.SendAsync(Blob.Of(i)), Is.EqualTo(wires.Count));
            await wires[0].Connection.SendAsync(Blob.Of(i, 2));
        }

        Assert.That(broker.GetStats().Sent, Is.EqualTo(Messages * (wires.Count + 1)));
        await broker.FlushAsync().WaitAsync(Patience);
        Assert.That(wires.Select(wire => wire.Connection.PendingBytes), Is.All.Zero);
        foreach (var wire in wires)
        {
            for (var i = 0; i < Messages; i++)
            {
                await wire.ExpectAsync(Blob.Of(i).Data);
                if (wire == wires[0])
                {
                    await wire.ExpectAsync(Blob.Of(i, 2).Data);
                }
            }
        }
    }

    private async Task<List<Wire>> OpenManyAsync(GhmsBroker broker)
    {
        var wires = new List<Wire>();
        while (wires.Count < 6)
        {
            wires.Add(await OpenAsync(broker, accept: wires.Count % 2 == 0 ? "test/first" : "test/second"));
        }

        return wires;
    }

    private GhmsBroker BuildScripted(string? fixedTo = null) => BuildBlobs(builder =>
    {
        builder.Definition.Encodings.Clear();
        builder.Definition.Messages.Clear();
        builder.AddEncoding(_first).AddEncoding(_second).AddMessage<Blob>(Blob.Code, encoding: fixedTo);
    });
}
