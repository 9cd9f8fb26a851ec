using System.Globalization;
using System.Text.Json;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>Many threads on many connections; every byte is checked by its receiver.</summary>
internal sealed class ConcurrencyTests : ServerFixture
{
    private const int Senders = 8;
    private const int Rounds = 100;
    private const int Peers = 10;

    [Test]
    public async Task Many_threads_broadcasting_to_many_connections_leave_every_message_whole_and_each_threads_in_order()
    {
        var app = await StartAsync(Echo);
        var broker = BrokerOf(app);
        var peers = await Task.WhenAll(Enumerable.Range(0, Peers).Select(_ => WirePeer.UpgradeAsync(PortOf(app))));
        var reading = peers.Select(peer => Task.Run(async () =>
        {
            var next = new int[Senders];
            for (var i = 0; i < Senders * Rounds; i++)
            {
                var (code, text) = await peer.ReadTextAsync();
                var word = JsonSerializer.Deserialize<Message>(text)!.Word;
                var parts = word.Split(':');
                var (sender, number) = (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
                if (code != 12 || number != next[sender]++ || word != Word(sender, number))
                {
                    throw new InvalidDataException($"Code {code}, '{word[..20]}' is not message {next[sender] - 1} of sender {sender}.");
                }
            }
        })).ToArray();

        var sending = Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (var number = 0; number < Rounds; number++)
            {
                var accepted = await broker.SendAsync(new Announcement { Word = Word(sender, number) });
                if (accepted != Peers)
                {
                    throw new InvalidDataException($"{accepted} accepted a message, not {Peers}.");
                }
            }
        }));
        await Task.WhenAll([.. sending, .. reading]).WaitAsync(Patience.Long);
        Assert.That(broker.GetStats().Sent, Is.EqualTo(Senders * Rounds * Peers));
        Array.ForEach(peers, peer => peer.Dispose());
    }

    [Test]
    public async Task Echoes_of_many_pipelining_connections_come_back_whole_and_in_order()
    {
        var app = await StartAsync(Echo);
        await Task.WhenAll(Enumerable.Range(0, Peers).Select(id => Task.Run(async () =>
        {
            using var peer = await WirePeer.UpgradeAsync(PortOf(app));
            var sending = Task.Run(async () =>
            {
                for (var number = 0; number < Rounds; number++)
                {
                    await peer.SendFrameAsync(10, JsonSerializer.Serialize(new { Word = Word(id, number) }));
                }
            });
            for (var number = 0; number < Rounds; number++)
            {
                var (code, text) = await peer.ReadTextAsync();
                if (code != 10 || JsonSerializer.Deserialize<Message>(text)!.Word != Word(id, number))
                {
                    throw new InvalidDataException($"Echo {number} of connection {id} is another one.");
                }
            }

            await sending;
        }))).WaitAsync(Patience.Long);
        Assert.That(BrokerOf(app).GetStats().Received, Is.EqualTo(Peers * Rounds));
    }

    [Test]
    public async Task Clients_and_server_send_to_each_other_from_many_threads_in_both_encodings()
    {
        var app = await StartAsync(builder => builder
            .AddJson()
            .AddMessagePack()
            .AddMessage<Blob>(code: 11)
            .Handle<Blob>(async (connection, blob, ct) => await connection.SendAsync(blob, ct)));
        await Task.WhenAll(Enumerable.Range(0, Peers).Select(async id =>
        {
            var got = new HashSet<string>();
            var all = new TaskCompletionSource();
            var builder = new GhmsClientBuilder()
                .AddMessage<Blob>(code: 11)
                .Handle<Blob>((_, blob, _) =>
                {
                    got.Add(Convert.ToBase64String(blob.Data));
                    if (got.Count == Senders * Rounds)
                    {
                        all.SetResult();
                    }

                    return ValueTask.CompletedTask;
                });
            _ = id % 2 == 0 ? builder.AddJson() : builder.AddMessagePack();
            await using var client = await builder.ConnectAsync(UriOf(app));
            var sent = Enumerable.Range(0, Senders * Rounds).Select(number => Bytes(id, number)).ToArray();
            await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
            {
                for (var round = 0; round < Rounds; round++)
                {
                    await client.SendAsync(new Blob { Data = sent[(sender * Rounds) + round] });
                }
            })));
            await all.Task.WaitAsync(Patience.Long);
            Assert.That(got.SetEquals(sent.Select(Convert.ToBase64String)), Is.True);
        }));
    }

    [Test]
    public async Task Broadcasts_reach_those_who_stay_whole_and_in_order_while_others_come_and_go()
    {
        var app = await StartAsync(Echo, options => options.MaxConnections = 1_000);
        var broker = BrokerOf(app);
        using var steady = await WirePeer.UpgradeAsync(PortOf(app));
        using var stop = new CancellationTokenSource();
        var coming = Enumerable.Range(0, 6).Select(kind => Task.Run(async () =>
        {
            do
            {
                using var visitor = await WirePeer.UpgradeAsync(PortOf(app));
                switch (kind % 3)
                {
                    case 0:
                        visitor.Reset();
                        break;
                    case 1:
                        await visitor.SendAsync(WirePeer.Frame(WirePeer.Close, [3, 232]));
                        while (await visitor.ReadFrameAsync() is not null)
                        {
                        }

                        break;
                    default:
                        visitor.Finish();
                        while (await visitor.ReadFrameAsync() is not null)
                        {
                        }

                        break;
                }
            }
            while (!stop.IsCancellationRequested);
        })).ToArray();
        for (var number = 0; number < 1_000; number++)
        {
            await broker.SendAsync(new Announcement { Word = Word(0, number) });
            var (code, text) = await steady.ReadTextAsync();
            Assert.That(code, Is.EqualTo(12));
            Assert.That(JsonSerializer.Deserialize<Message>(text)!.Word, Is.EqualTo(Word(0, number)));
        }

        await stop.CancelAsync();
        await Task.WhenAll(coming).WaitAsync(Patience.Long);
        await steady.EchoAsync();
    }

    // Of many lengths, so that frames meet every boundary of the buffers.
    private static string Word(int sender, int number) => $"{sender}:{number}:{new string((char)('a' + sender), number * 37 % 3_001)}";

    private static byte[] Bytes(int sender, int number)
    {
        var bytes = new byte[8 + (number * 53 % 2_003)];
        new Random((sender * 100_000) + number).NextBytes(bytes);
        BitConverter.TryWriteBytes(bytes, (sender * 100_000) + number);
        return bytes;
    }
}
