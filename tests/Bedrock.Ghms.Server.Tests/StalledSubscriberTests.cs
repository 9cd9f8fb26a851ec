using System.Buffers.Text;
using System.Net.Sockets;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>One subscriber of a hundred does not read: what the others notice of it, and what it gets when it reads at last.</summary>
/// <remarks>The clock stands still, so that nobody is disconnected for being slow for too long.</remarks>
[NonParallelizable]
internal sealed class StalledSubscriberTests : ServerFixture
{
    private const int Others = 99;
    private const int Size = 16_000;
    private const int SoftLimit = 400_000;
    private const int HardLimit = 1_000_000;

    // Sent before the others read. Each key is in it once, and two fit under the soft limit, for of the one before a flush may not have
    // been seen to end: those who read lose nothing, however busy the machine is.
    private const int Window = 10;

    // The buffers of the kernel and of Kestrel take in what they can first.
    private const int MostBeforeStall = 2_000;
    private const int DroppedWhenStalled = 50;
    private const int AfterStall = 1_000;

    // For what the others' transports keep, 80 KiB each if none of a window has been sent yet; what is sent to the stalled one meanwhile is a third more.
    private const int MemoryBound = AfterStall * Size * 3 / 4;

    [Test]
    public async Task It_misses_the_newest_where_the_type_says_so()
    {
        var (sent, received) = await StallAsync(builder => builder.DropNewest<Announcement>());
        Assert.That(received, Is.Ordered.And.Unique);
        Assert.That(received[..10], Is.EqualTo(Enumerable.Range(0, 10)));

        // A third of the socket's buffer may be free when it takes no more.
        Assert.That(received[^1], Is.LessThan(sent - (AfterStall / 2)), "What waits is what came before the stall.");
    }

    [Test]
    public async Task It_misses_the_oldest_where_the_type_says_so()
    {
        var (sent, received) = await StallAsync(builder => builder.DropOldest<Announcement>());
        Assert.That(received, Is.Ordered.And.Unique);
        Assert.That(received[^10..], Is.EqualTo(Enumerable.Range(sent - 10, 10)));
    }

    [Test]
    public async Task It_gets_the_newest_of_each_key_and_never_an_older_one_after_a_newer()
    {
        var (sent, received) = await StallAsync(builder => builder.Conflate<Announcement>(announcement => NumberOf(announcement.Word) % Window));
        for (var key = 0; key < Window; key++)
        {
            var ofKey = received.Where(number => number % Window == key).ToList();
            Assert.That(ofKey, Is.Ordered.And.Unique);
            Assert.That(ofKey[^1], Is.EqualTo(Enumerable.Range(sent - Window, Window).Single(number => number % Window == key)));
        }
    }

    [Test]
    public async Task It_sets_the_pace_for_all_where_the_broker_says_so_and_nobody_loses_anything()
    {
        const int StillWaiting = 20;
        var app = await ServeAsync(builder => builder.Configure(options => options.Outbound.PaceBySlowest = true));
        var broker = BrokerOf(app);
        using var stalled = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var connection = broker.Connections.Single();
        var others = await ConnectAsync(app, 3);
        var received = others.ToDictionary(other => other, _ => new List<int>());
        var sent = 0;
        Task<int> sending;
        long pending;
        do
        {
            Assert.That(sent, Is.LessThan(MostBeforeStall), "No send waited.");
            sending = broker.SendAsync(Numbered(sent++)).AsTask();

            // It counts as waiting when the others have got everything before it, and still have after many a round trip.
            for (var rounds = 0; rounds < StillWaiting && !sending.IsCompleted; rounds++)
            {
                await CatchUpAsync();
            }

            // A flush whose end is seen late makes senders wait too: only who still does when all has been looked at waits for the reader.
            pending = connection.PendingBytes;
            await CatchUpAsync();
        }
        while (sending.IsCompleted);
        Assert.That(pending, Is.InRange(SoftLimit, HardLimit));
        Assert.That(received.Values, Is.All.EqualTo(Enumerable.Range(0, sent - 1)), "One message waits, for all of them.");

        var total = sent + 100;
        var reading = ReadAsync(stalled, total);
        Assert.That(await sending.WaitAsync(Patience.Long), Is.EqualTo(4));
        while (sent < total)
        {
            Assert.That(await broker.SendAsync(Numbered(sent++)).AsTask().WaitAsync(Patience.Long), Is.EqualTo(4));
            await CatchUpAsync();
        }

        await CatchUpAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await reading, Is.EqualTo(Enumerable.Range(0, total)));
            Assert.That(received.Values, Is.All.EqualTo(Enumerable.Range(0, total)));
            Assert.That(broker.GetStats().Dropped, Is.Zero);
            Assert.That(broker.Count, Is.EqualTo(4));
        }

        Array.ForEach(others, other => other.Dispose());

        // An echo stands behind everything that was sent before.
        Task CatchUpAsync() => Task.WhenAll(others.Select(async other =>
        {
            await other.SendFrameAsync(10, """{"Word":"x"}""");
            while (await other.ReadFrameAsync() is (12, var payload))
            {
                received[other].Add(NumberOf(payload));
            }
        }));
    }

    private async Task<(int Sent, int[] Received)> StallAsync(Action<GhmsServerBuilder> configure)
    {
        var app = await ServeAsync(configure);
        var broker = BrokerOf(app);
        using var stalled = await WirePeer.UpgradeAsync(PortOf(app), receiveBuffer: 4_096);
        var connection = broker.Connections.Single();
        var others = await ConnectAsync(app, Others);
        var sent = 0;
        var socket = connection.Features.Get<IConnectionSocketFeature>()!.Socket;
        using var late = new CancellationTokenSource(Patience.Long);

        // Drops alone tell no stall: a flush whose end is seen late makes for them too, but there is room in the socket then.
        while (connection.DroppedMessages < DroppedWhenStalled || socket.Poll(TimeSpan.Zero, SelectMode.SelectWrite))
        {
            Assert.That(sent - connection.DroppedMessages, Is.LessThan(MostBeforeStall), "It does not stall.");
            late.Token.ThrowIfCancellationRequested();
            await SendWindowAsync();
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var end = sent + AfterStall; sent < end;)
        {
            await SendWindowAsync();
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(MemoryBound));
            Assert.That(connection.PendingBytes, Is.InRange(1, SoftLimit));
            Assert.That(broker.Connections.Sum(one => one.DroppedMessages), Is.EqualTo(connection.DroppedMessages));
            Assert.That(broker.GetStats().Dropped, Is.EqualTo(connection.DroppedMessages));
            Assert.That(broker.Count, Is.EqualTo(Others + 1));
        }

        // All of it, for an echo is the next that comes.
        var received = await ReadAsync(stalled, sent - (int)connection.DroppedMessages);
        await stalled.EchoAsync();
        Array.ForEach(others, other => other.Dispose());
        return (sent, received);

        async Task SendWindowAsync()
        {
            for (var i = 0; i < Window; i++)
            {
                var sending = broker.SendAsync(Numbered(sent + i));
                Assert.That(sending.IsCompletedSuccessfully, Is.True, "A send waited.");
                Assert.That(await sending, Is.InRange(Others, Others + 1));
                Assert.That(connection.PendingBytes, Is.LessThanOrEqualTo(HardLimit));
            }

            var numbers = Enumerable.Range(sent, Window).ToArray();
            foreach (var got in await Task.WhenAll(others.Select(other => ReadAsync(other, Window))))
            {
                Assert.That(got.AsSpan().SequenceEqual(numbers), Is.True, "Another subscriber missed something.");
            }

            sent += Window;
        }
    }

    private Task<WebApplication> ServeAsync(Action<GhmsServerBuilder> configure) => StartAsync(
        builder =>
        {
            Echo(builder);
            builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider());
            configure(builder);
        },
        options =>
        {
            options.Outbound.SoftLimit = SoftLimit;
            options.Outbound.HardLimit = HardLimit;
        });

    private static Task<WirePeer[]> ConnectAsync(WebApplication app, int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => WirePeer.UpgradeAsync(PortOf(app))));

    private static async Task<int[]> ReadAsync(WirePeer peer, int count)
    {
        var numbers = new int[count];
        for (var i = 0; i < count; i++)
        {
            var (code, payload) = await peer.ReadFrameAsync() ?? throw new InvalidDataException("The connection ended; a message was expected.");
            numbers[i] = code == 12 ? NumberOf(payload) : throw new InvalidDataException($"A message was expected, not code {code}.");
        }

        return numbers;
    }

    private static Announcement Numbered(int number) => new() { Word = $"{number} ".PadRight(Size, '.') };

    private static int NumberOf(string word) => int.Parse(word.AsSpan(0, word.IndexOf(' ')), System.Globalization.CultureInfo.InvariantCulture);

    private static int NumberOf(byte[] json)
    {
        _ = Utf8Parser.TryParse(json.AsSpan("""{"Word":""".Length + 1), out int number, out int _);
        return number;
    }
}
