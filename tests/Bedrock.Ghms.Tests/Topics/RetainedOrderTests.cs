using System.Globalization;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Tests.Support;
using Bedrock.Ghms.Topics;

namespace Bedrock.Ghms.Tests.Topics;

/// <summary>Values that change while others subscribe: none is lost, and none comes behind a newer one.</summary>
internal sealed class RetainedOrderTests : BrokerFixture
{
    private const int Topics = 3;
    private const int Rounds = 400;

    private readonly Lock[] _turns = [new(), new(), new()];
    private readonly int[] _numbers = new int[Topics];

    [Test]
    public async Task A_subscriber_gets_a_value_and_then_each_that_follows_it_once()
    {
        var broker = Build(builder => builder.AddJson().AddMessage<Greeting>().AddTopics(options => options.Retains = _ => true));
        var publishing = Task.WhenAll(Enumerable.Range(0, 2 * Topics).Select(i => Task.Run(() => PublishAsync(broker, i % Topics))));
        var subscribing = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!publishing.IsCompleted)
            {
                await SubscribeAsync(broker, until: null);
            }
        }));
        await Task.WhenAll(subscribing).InTime();
        await publishing.InTime();
        await SubscribeAsync(broker, until: _numbers);
    }

    // Publications of one topic begin in the order of their numbers, whoever publishes them.
    private async Task PublishAsync(GhmsBroker broker, int topic)
    {
        for (var i = 0; i < Rounds; i++)
        {
            ValueTask<int> publishing;
            lock (_turns[topic])
            {
                var number = (++_numbers[topic]).ToString(CultureInfo.InvariantCulture);
                publishing = broker.PublishAsync($"t/{topic}", new Greeting(number));
            }

            await publishing;
            await Task.Yield();
        }
    }

    /// <summary>Subscribes to all topics and then again to one of them, with another filter, and looks at a stretch of what comes.</summary>
    private static async Task SubscribeAsync(GhmsBroker broker, int[]? until)
    {
        var peer = await ConnectAsync(broker);
        await peer.AskAsync(1, "t/+");
        await peer.AskAsync(1, "t/1");
        await peer.AskAsync(2, "x");
        var last = new int[Topics];
        var (results, repeated) = (0, 0);
        while (results < 3)
        {
            var (code, payload) = (await peer.ReadFrameAsync())!.Value;
            if (code == TopicPeer.Result)
            {
                results++;
                continue;
            }

            // "t/N", four bytes of code, {"Word":"number"}.
            var text = Encoding.UTF8.GetString(payload);
            var (topic, number) = (text[4] - '0', int.Parse(text[18..^2], CultureInfo.InvariantCulture));
            Assert.That(results, Is.Not.Zero, "A value came before the result.");
            if (number == last[topic] && topic == 1)
            {
                repeated++;
            }
            else if (last[topic] != 0)
            {
                Assert.That(number, Is.EqualTo(last[topic] + 1), text);
            }

            last[topic] = number;
        }

        Assert.That(repeated, Is.LessThanOrEqualTo(1), "The second filter brings the value of its topic once more, and nothing else comes twice.");
        Assert.That(last, Is.EqualTo(until ?? last));
        await peer.FinishAsync();
        while (await peer.ReadFrameAsync() is not null)
        {
            // What was on its way.
        }
    }
}
