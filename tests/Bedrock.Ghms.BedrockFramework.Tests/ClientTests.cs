using System.Net.NetworkInformation;
using Bedrock.Framework;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.BedrockFramework.Tests;

/// <summary>A GHMS client whose connections come from Bedrock's.</summary>
internal sealed class ClientTests : ServerFixture
{
    [TestCase(false)]
    [TestCase(true)]
    public async Task Messages_go_both_ways_and_the_connection_ends_in_order(bool logs)
    {
        var bedrock = logs ? Bedrock().UseConnectionLogging() : Bedrock();
        var answered = new TaskCompletionSource<string>();
        await using (var client = await new GhmsClientBuilder().AddJson().AddMessage<Greeting>(code: 10)
            .Handle<Greeting>((_, greeting, _) =>
            {
                answered.TrySetResult(greeting.Word);
                return ValueTask.CompletedTask;
            })
            .UseConnectionFactory(bedrock.Build())
            .ConnectAsync(Uri).InTime())
        {
            await client.SendAsync(new Greeting(new string('x', 300_000)));
            Assert.That(await answered.Task.InTime(), Has.Length.EqualTo(300_000));
            Assert.That(Open(), Is.EqualTo(new[] { TcpState.Established }));
        }

        var end = await EndAsync();
        Assert.That((end.Cause, end.Status), Is.EqualTo((ConnectionEndCause.ClosedByPeer, CloseStatus.Normal)));
        Assert.That(Open, Is.Empty.After(10_000, 50));
    }
}
