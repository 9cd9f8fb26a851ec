using System.Buffers;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Broker.Outbound;

/// <summary>What a handler sends to the same recipients, message after message, is gathered for them; nobody may notice but by the speed.</summary>
internal sealed class GatheringTests : WireFixture
{
    private const int Count = 6;
    private readonly List<Wire> _wires = [];
    private readonly List<int> _accepted = [];

    [Test]
    public async Task An_output_keeps_its_order_among_messages_to_many_and_to_one()
    {
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            await BroadcastAsync(connection, blob, ct);
            await connection.SendAsync(Blob.Of(100 + blob.Data[0]), ct);
        });
        await SendBatchAsync();
        for (var i = 0; i < Count; i++)
        {
            await _wires[0].ExpectAsync(Blob.Of(i).Data);
            await _wires[0].ExpectAsync(Blob.Of(100 + i).Data);
        }

        await ExpectAsync(_wires[1], 0, 1, 2, 3, 4, 5);
        Assert.That(_accepted, Is.All.EqualTo(3));
    }

    [Test]
    public async Task What_another_thread_sends_comes_behind_what_was_gathered_before_it()
    {
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            await BroadcastAsync(connection, blob, ct);
            if (blob.Data[0] == 3)
            {
                InAnotherThread(() => _wires[1].Connection.SendAsync(Blob.Of(99), ct).AsTask());
            }
        });
        await SendBatchAsync();
        await ExpectAsync(_wires[1], 0, 1, 2, 3, 99, 4, 5);
        await ExpectAsync(_wires[2], 0, 1, 2, 3, 4, 5);
    }

    [Test]
    public async Task What_another_thread_sends_to_all_comes_behind_it_too()
    {
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            await BroadcastAsync(connection, blob, ct);
            if (blob.Data[0] == 3)
            {
                InAnotherThread(() => connection.Broker.SendAsync(Blob.Of(99), ct).AsTask());
            }
        });
        await SendBatchAsync();
        foreach (var wire in _wires)
        {
            await ExpectAsync(wire, 0, 1, 2, 3, 99, 4, 5);
        }
    }

    [Test]
    public async Task What_was_gathered_is_sent_where_what_follows_has_to_wait_for_room()
    {
        const int Large = 16_000;
        var broker = BuildGathering(
            async (connection, blob, ct) =>
            {
                await connection.Broker.SendAsync(blob, ct);
                if (blob.Data[0] == 4)
                {
                    InAnotherThread(() => _wires[1].Connection.SendAsync(Blob.Of(99), ct).AsTask());
                }
            },
            builder => builder.Configure(options =>
            {
                options.Outbound.SoftLimit = 70_000;
                options.Outbound.HardLimit = 200_000;
            }));
        while (_wires.Count < 3)
        {
            _wires.Add(await OpenAsync(broker, new InMemoryOptions { PauseThreshold = 10_000_000 }));
        }

        await _wires[0].Peer.SendAsync(LimitTests.Frames(5, Large));
        for (var i = 0; i < 5; i++)
        {
            await _wires[1].ExpectAsync(Blob.Of(i, Large).Data);
        }

        await ExpectAsync(_wires[1], 99);
    }

    [Test]
    public async Task What_was_gathered_does_not_stay_where_what_follows_would_be_dropped()
    {
        // Another thread's message to so many is sent by a third, and one that is dropped by nobody.
        const int Many = 20;
        const int Large = 16_000;
        const uint Code = 21;
        var broker = BuildGathering(
            async (connection, blob, ct) =>
            {
                await connection.Broker.SendAsync(blob, ct);
                if (blob.Data[0] == 3)
                {
                    InAnotherThread(() => connection.Broker.SendAsync(new Droppable { Data = new byte[60_000] }, ct).AsTask());
                    InAnotherThread(() => ReadAsync(_wires[1]));
                }
            },
            builder => builder
                .AddMessage(Code, () => new Droppable { Data = [] })
                .DropNewest<Droppable>()
                .Configure(options =>
                {
                    options.Outbound.SoftLimit = 70_000;
                    options.Outbound.HardLimit = 200_000;
                }));
        while (_wires.Count < Many)
        {
            _wires.Add(await OpenAsync(broker, new InMemoryOptions { PauseThreshold = 10_000_000 }));
        }

        await _wires[0].Peer.SendAsync(LimitTests.Frames(4, Large));
        await ReadAsync(_wires[2]);
        Assert.That(_wires[1].Connection.DroppedMessages, Is.Zero, "There was room behind what had been sent.");

        static async Task ReadAsync(Wire wire)
        {
            for (var i = 0; i < 4; i++)
            {
                await wire.ExpectAsync(Blob.Of(i, Large).Data);
            }
        }
    }

    [Test]
    public async Task A_flush_covers_what_was_gathered()
    {
        var taken = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            await BroadcastAsync(connection, blob, ct);
            if (blob.Data[0] == 3)
            {
                InAnotherThread(() => _wires[1].Connection.FlushAsync(ct));
                taken.SetResult(_wires[1].Take());
            }
        });
        await SendBatchAsync();
        Assert.That(await taken.Task.WaitAsync(Patience), Is.EqualTo(4 * (FrameHeader.Size + 1)));
        await ExpectAsync(_wires[1], 4, 5);
    }

    [Test]
    public async Task A_close_comes_behind_what_was_gathered_and_nothing_behind_the_close()
    {
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            await BroadcastAsync(connection, blob, ct);
            if (blob.Data[0] == 3)
            {
                _ = _wires[1].Connection.CloseAsync();
            }
        });
        await SendBatchAsync();
        await ExpectAsync(_wires[1], 0, 1, 2, 3);
        Assert.That((await _wires[1].Peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.Normal));
        await ExpectAsync(_wires[2], 0, 1, 2, 3, 4, 5);
        Assert.That(_accepted, Is.EqualTo([3, 3, 3, 3, 2, 2]));
    }

    [Test]
    public async Task What_was_gathered_for_a_connection_that_is_lost_counts_as_dropped()
    {
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            await BroadcastAsync(connection, blob, ct);
            if (blob.Data[0] == 3)
            {
                _wires[1].Connection.OnLost(new ConnectionResetException("Injected."));
            }
        });
        await SendBatchAsync();
        await ExpectAsync(_wires[2], 0, 1, 2, 3, 4, 5);
        await ExpectAsync(_wires[0], 0, 1, 2, 3, 4, 5);
        var stats = _wires[0].Connection.Broker.GetStats();

        // The first one had been written to the transport, where nobody counts what a loss takes along.
        Assert.That(_wires[1].Connection.DroppedMessages, Is.EqualTo(3));
        Assert.That((stats.Sent, stats.Dropped), Is.EqualTo((_accepted.Sum(), 3)));
    }

    [Test]
    public async Task A_member_that_does_not_read_is_disconnected_and_the_others_receive_all()
    {
        var broker = BuildGathering(Broadcast, builder => builder.Configure(options =>
        {
            options.Outbound.SoftLimit = 100_000;
            options.Outbound.HardLimit = 200_000;
        }));
        _wires.Add(await OpenAsync(broker, new InMemoryOptions { PauseThreshold = 10_000_000 }));
        _wires.Add(await OpenAsync(broker, new InMemoryOptions { PauseThreshold = 10_000_000 }));
        _wires.Add(await OpenAsync(broker, new InMemoryOptions { PauseThreshold = 10_000_000 }));
        var stalled = await OpenAsync(broker, Stalling);
        await stalled.Connection.SendAsync(Blob.Of(9));
        await _wires[0].Peer.SendAsync(LimitTests.Frames(200, 5_000));
        for (var i = 0; i < 200; i++)
        {
            await _wires[1].ExpectAsync(Blob.Of(i, 5_000).Data);
        }

        Assert.That(stalled.Connection.End?.Status, Is.EqualTo(CloseStatus.PolicyViolation));
        Assert.That(_wires.Select(wire => wire.Connection.IsOpen), Is.All.True);
    }

    [Test]
    public async Task A_peer_that_accepts_less_fails_only_itself()
    {
        var failures = new List<GhmsSendFailedException>();
        var broker = BuildGathering(async (connection, blob, ct) =>
        {
            try
            {
                await connection.Broker.SendAsync(blob, ct);
            }
            catch (GhmsSendFailedException failed)
            {
                failures.Add(failed);
            }
        });
        _wires.Add(await OpenAsync(broker));
        _wires.Add(await OpenAsync(broker, fields: "GHMS-Max-Message-Size: 100\r\n"));
        await _wires[0].Peer.SendAsync((byte[])[.. LimitTests.Frames(3), .. LimitTests.Frames(1, 101), .. LimitTests.Frames(3)]);
        await ExpectAsync(_wires[1], 0, 1, 2, 0, 1, 2);
        await ExpectAsync(_wires[0], 0, 1, 2);
        await _wires[0].ExpectAsync(Blob.Of(0, 101).Data);
        await ExpectAsync(_wires[0], 0, 1, 2);
        Assert.That(failures.Single().Failures.Single().Connection, Is.SameAs(_wires[1].Connection));
        Assert.That(failures.Single().Accepted, Is.EqualTo(1));
    }

    [Test]
    public async Task Each_encoding_is_encoded_once_also_where_one_fails()
    {
        var (first, second) = (new ScriptedEncoding("test/first"), new ScriptedEncoding("test/second"));
        var failed = 0;
        var broker = BuildGathering(
            async (connection, blob, ct) =>
            {
                second.Failure = blob.Data[0] == 3 ? new FormatException("Injected.") : null;
                try
                {
                    await connection.Broker.SendAsync(blob, ct);
                }
                catch (GhmsSendFailedException exception)
                {
                    failed += exception.Failures.Count;
                }
            },
            builder =>
            {
                builder.Definition.Encodings.Clear();
                builder.Definition.Messages.Clear();
                builder.AddEncoding(first).AddEncoding(second).AddMessage<Blob>(Blob.Code);
            });
        foreach (var accept in (string[])["test/first", "test/second", "test/first", "test/second"])
        {
            _wires.Add(await OpenAsync(broker, accept: accept));
        }

        await SendBatchAsync();
        await ExpectAsync(_wires[1], 0, 1, 2, 4, 5);
        await ExpectAsync(_wires[2], 0, 1, 2, 3, 4, 5);
        Assert.That((first.Calls, second.Calls, failed), Is.EqualTo((Count, Count, 2)));
    }

    [Test]
    public async Task An_encoder_may_send_to_all_itself()
    {
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            var value = blob.Data[0];
            await connection.Broker.SendAsync(new Blob { Encoder = Nested }, ct);

            void Nested(IBufferWriter<byte> output)
            {
                Assert.That(connection.Broker.SendAsync(Blob.Of(100 + value), ct).AsTask().IsCompletedSuccessfully, Is.True);
                output.Write([value]);
            }
        });
        await SendBatchAsync();
        for (var i = 0; i < Count; i++)
        {
            await ExpectAsync(_wires[1], 100 + i, i);
        }
    }

    [Test]
    public async Task The_clock_sends_what_a_handler_that_blocks_has_gathered()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var leave = new ManualResetEventSlim();
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            await BroadcastAsync(connection, blob, ct);
            if (blob.Data[0] == 3)
            {
                entered.SetResult();
                leave.Wait(Patience, ct);
            }
        });
        await SendBatchAsync();
        await entered.Task.WaitAsync(Patience);
        Time.Advance(TimeSpan.FromSeconds(2));
        await ExpectAsync(_wires[1], 0, 1, 2, 3);
        leave.Set();
        await ExpectAsync(_wires[1], 4, 5);
    }

    [Test]
    public async Task Raw_messages_are_gathered_as_well()
    {
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            using var raw = RawMessage.Create(Blob.Code, blob.Data);
            _accepted.Add(await connection.Broker.SendAsync(raw, ct));
        });
        await SendBatchAsync();
        await ExpectAsync(_wires[2], 0, 1, 2, 3, 4, 5);
        Assert.That(_accepted, Is.All.EqualTo(3));
    }

    [Test]
    public async Task A_raw_message_that_would_pass_for_a_heartbeat_reaches_nobody()
    {
        var failed = 0;
        await OpenThreeAsync(async (connection, blob, ct) =>
        {
            using var raw = RawMessage.Create(blob.Data[0] == 3 ? Ghms.HeartbeatCode : Blob.Code, blob.Data);
            try
            {
                await connection.Broker.SendAsync(raw, ct);
            }
            catch (GhmsSendFailedException exception)
            {
                failed += exception.Failures.Count;
            }
        });
        await SendBatchAsync();
        await ExpectAsync(_wires[2], 0, 1, 2, 4, 5);
        Assert.That(failed, Is.EqualTo(3));
    }

    private static void InAnotherThread(Func<Task> action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action().WaitAsync(Patience).GetAwaiter().GetResult();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        Assert.That(failure, Is.Null);
    }

    private static async Task ExpectAsync(Wire wire, params int[] values)
    {
        foreach (var value in values)
        {
            await wire.ExpectAsync(Blob.Of(value).Data);
        }
    }

    private static async ValueTask Broadcast(GhmsConnection connection, Blob blob, CancellationToken ct) =>
        await connection.Broker.SendAsync(blob, ct);

    private async ValueTask BroadcastAsync(GhmsConnection connection, Blob blob, CancellationToken ct) =>
        _accepted.Add(await connection.Broker.SendAsync(blob, ct));

    private Task SendBatchAsync() => _wires[0].Peer.SendAsync(LimitTests.Frames(Count));

    private async Task OpenThreeAsync(MessageHandler<Blob> handler)
    {
        var broker = BuildGathering(handler);
        while (_wires.Count < 3)
        {
            _wires.Add(await OpenAsync(broker));
        }
    }

    private GhmsBroker BuildGathering(MessageHandler<Blob> handler, Action<GhmsTestBuilder>? configure = null) => BuildBlobs(builder =>
    {
        builder.Handle(handler);
        configure?.Invoke(builder);
    });

    private sealed class Droppable : IBinaryMessage
    {
        public required byte[] Data { get; set; }

        public void Write(IBufferWriter<byte> output) => output.Write(Data);

        public void Read(ReadOnlySequence<byte> payload) => Data = payload.ToArray();
    }
}
