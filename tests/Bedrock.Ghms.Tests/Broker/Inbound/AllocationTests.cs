using System.Buffers;
using System.Diagnostics.Metrics;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Inbound;

/// <summary>In the steady state a message costs no allocation: everything runs on the test's thread, which counts them.</summary>
internal sealed class AllocationTests : WireFixture
{
    private const int Messages = 100;
    private const int WarmUp = 200;

    private readonly SteppedScheduler _pump = new();
    private readonly Token _token = new();
    private int _handled;

    [TearDown]
    public void Free() => _pump.Free();

    [Test]
    public async Task Receiving_a_message_allocates_nothing()
    {
        var wire = await OpenPumpedAsync(answers: false);
        var batch = Outbound.LimitTests.Frames(Messages, 100);
        var allocated = Measure(
            prepare: () => Put(wire, batch),
            act: () => _pump.RunUntilIdle());
        Assert.That(_handled, Is.EqualTo(Messages * (WarmUp + 1)));
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public async Task Measuring_a_handler_allocates_nothing()
    {
        var measured = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == Ghms.TelemetryName && instrument.Name == "ghms.handler.duration")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => measured++);
        listener.Start();
        var wire = await OpenPumpedAsync(answers: false);
        var batch = Outbound.LimitTests.Frames(Messages, 100);
        var allocated = Measure(
            prepare: () => Put(wire, batch),
            act: () => _pump.RunUntilIdle());
        Assert.That((_handled, measured), Is.EqualTo((Messages * (WarmUp + 1), Messages * (WarmUp + 1))));
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public async Task Answering_a_message_allocates_nothing()
    {
        var wire = await OpenPumpedAsync(answers: true);
        var batch = Outbound.LimitTests.Frames(Messages, 100);
        var allocated = Measure(
            prepare: () =>
            {
                wire.Take();
                _pump.RunUntilIdle();
                Put(wire, batch);
            },
            act: () => _pump.RunUntilIdle());
        Assert.That(_handled, Is.EqualTo(Messages * (WarmUp + 1)));
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public async Task Sending_a_message_past_the_queue_allocates_nothing()
    {
        var wire = await OpenPumpedAsync(answers: false);
        var allocated = Measure(
            prepare: () =>
            {
                wire.Take();
                _pump.RunUntilIdle();
            },
            act: () =>
            {
                for (var i = 0; i < Messages; i++)
                {
                    _ = wire.Connection.SendAsync(_token).AsTask().IsCompletedSuccessfully;
                }
            });
        Assert.That(wire.Connection.SentMessages, Is.EqualTo(Messages * (WarmUp + 1)));
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public async Task Offering_a_message_to_many_allocates_nothing_for_a_delivery()
    {
        var first = await OpenPumpedAsync(answers: false);
        var broker = first.Connection.Broker;
        Wire[] wires = [first, await PumpAsync(OpenAsync(broker, Pumped)), await PumpAsync(OpenAsync(broker, Pumped))];
        var allocated = Measure(
            prepare: () =>
            {
                foreach (var wire in wires)
                {
                    wire.Take();
                }

                _pump.RunUntilIdle();
            },
            act: () =>
            {
                for (var i = 0; i < Messages; i++)
                {
                    _ = broker.SendAsync(_token).AsTask().IsCompletedSuccessfully;
                }
            });
        Assert.That(broker.GetStats().Sent, Is.EqualTo(Messages * wires.Length * (WarmUp + 1)));
        Assert.That(allocated, Is.Zero);
    }

    private InMemoryOptions Pumped => new() { Scheduler = _pump };

    private static long Measure(Action prepare, Action act)
    {
        var allocated = 0L;
        for (var i = 0; i <= WarmUp; i++)
        {
            prepare();
            var before = GC.GetAllocatedBytesForCurrentThread();
            act();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        return allocated;
    }

    private static void Put(Wire wire, byte[] bytes)
    {
        wire.Peer.Output.Write(bytes);
        Assert.That(wire.Peer.Output.FlushAsync().AsTask().IsCompletedSuccessfully, Is.True);
    }

    private Task<Wire> OpenPumpedAsync(bool answers)
    {
        var broker = BuildBlobs(builder =>
        {
            builder.Definition.Messages.Clear();
            builder.AddMessage(Blob.Code, () => _token).Handle<Token>((connection, token, ct) =>
            {
                _handled++;
                if (answers)
                {
                    _ = connection.SendAsync(token, ct).AsTask().IsCompletedSuccessfully;
                }

                return ValueTask.CompletedTask;
            });
        });
        return PumpAsync(OpenAsync(broker, Pumped));
    }

    // Opening a connection crosses threads; from then on only this one moves it.
    private async Task<Wire> PumpAsync(Task<Wire> opening)
    {
        await UntilAsync(() => _pump.RunUntilIdle() >= 0 && opening.IsCompleted);
        var wire = await opening;
        await UntilAsync(() => _pump.RunUntilIdle() >= 0 && wire.Connection.IsReading);
        return wire;
    }

    /// <summary>One instance for all messages, as from a pool.</summary>
    private sealed class Token : IBinaryMessage
    {
        private readonly byte[] _bytes = new byte[100];

        public void Write(IBufferWriter<byte> output) => output.Write(_bytes);

        public void Read(ReadOnlySequence<byte> payload) => payload.CopyTo(_bytes);
    }
}
