using System.Globalization;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>Connections that come, go, and change their subscriptions while others publish.</summary>
internal sealed class ChurnTests : BrokerFixture
{
    private const int Rounds = 400;

    [Test]
    public async Task Who_is_always_subscribed_gets_everything_once_and_in_order_while_its_filters_and_others_change()
    {
        var broker = Build(builder => builder
            .AddJson().AddMessagePack().AddMessage<Greeting>()
            .AddTopics(options => options.Retains = topic => topic == "state"));
        var (steady, changing) = (await ConnectAsync(broker), await ConnectAsync(broker));
        await steady.SubscribeAsync("a/+");
        await steady.SubscribeAsync("a/#");
        await changing.SubscribeAsync("a/+");

        var publishing = Task.WhenAll(Task.Run(() => PublishAsync(broker)), Task.Run(() => PublishAsync(broker)));
        var others = Enumerable.Range(0, 3).Select(i => Task.Run(() => ComeAndGoAsync(broker, publishing, i))).ToList();
        var changes = Task.Run(() => ChangeAsync(changing, publishing));
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = ReadToEndAsync(changing, arrived);
        await Task.WhenAll(ReadAsync(steady), arrived.Task).InTime();
        await publishing.InTime();
        await Task.WhenAll(others.Append(changes)).InTime();

        // Whoever has left is in nobody's way any more.
        await changing.FinishAsync();
        await reading.InTime();
        while (await broker.PublishAsync("a/x", new Greeting("end")) != 1)
        {
            await Task.Yield();
        }
    }

    /// <summary>Publishes under a name of its own: the numbers from 0, to two topics in turn.</summary>
    private static async Task PublishAsync(GhmsBroker broker)
    {
        var peer = await ConnectAsync(broker);
        var name = Guid.NewGuid().ToString("N")[..4];
        for (var i = 0; i < Rounds; i++)
        {
            await peer.GreetAsync(i % 2 == 0 ? "a/0" : "a/1", $"{name}{i.ToString(CultureInfo.InvariantCulture)}");
            await Task.Yield();
        }

        await peer.ExpectNothingAsync();
        await peer.FinishAsync();
    }

    private static async Task ComeAndGoAsync(GhmsBroker broker, Task publishing, int seed)
    {
        var random = new Random(seed);
        string[] filters = ["a/0", "a/+", "#", "+/1", "a/#", "state"];
        while (!publishing.IsCompleted)
        {
            var peer = await ConnectAsync(broker, accept: random.Next(2) == 0 ? MediaTypes.Json : MediaTypes.MessagePack);
            for (var i = 0; i < 4; i++)
            {
                await peer.AskAsync((byte)random.Next(1, 3), filters[random.Next(filters.Length)]);
            }

            await peer.FinishAsync();
            while (await peer.ReadFrameAsync() is not null)
            {
                // Whatever it got.
            }
        }
    }

    // It always has a filter that matches, though a different one each time.
    private static async Task ChangeAsync(RawPeer peer, Task publishing)
    {
        string[] stations = ["a/+", "+/+", "a/#", "#"];
        for (var i = 0; !publishing.IsCompleted; i++)
        {
            await peer.AskAsync(1, stations[(i + 1) % stations.Length]);
            await peer.AskAsync(2, stations[i % stations.Length]);
            await Task.Yield();
        }
    }

    // It goes on asking after everything has arrived, and what is answered then has to be read as well.
    private static async Task ReadToEndAsync(RawPeer peer, TaskCompletionSource arrived)
    {
        await ReadAsync(peer);
        arrived.SetResult();
        while (await peer.ReadFrameAsync() is not null)
        {
            // Results, and what else comes.
        }
    }

    private static async Task ReadAsync(RawPeer peer)
    {
        var next = new Dictionary<string, int>();
        while (next.Count < 2 || next.Values.Any(value => value < Rounds))
        {
            var frame = await peer.ReadFrameAsync();
            if (frame!.Value.Code == TopicPeer.Result)
            {
                Assert.That(frame.Value.Payload[0], Is.Zero);
                continue;
            }

            // Topic of three characters, four bytes of code, {"Word":"nameN"}.
            var word = System.Text.Encoding.ASCII.GetString(frame.Value.Payload)[18..^2];
            var (name, number) = (word[..4], int.Parse(word[4..], CultureInfo.InvariantCulture));
            Assert.That(number, Is.EqualTo(next.GetValueOrDefault(name)));
            next[name] = number + 1;
        }
    }
}
