using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker;

internal sealed class EchoTests : BrokerFixture
{
    [Test]
    public async Task A_message_comes_back_over_bare_bytes()
    {
        var peer = await ConnectAsync(BuildEcho());
        await peer.SendFrameAsync(10, """{"Word":"hello"}""");
        Assert.That(await peer.ReadTextAsync(), Is.EqualTo((10u, """{"Word":"hello"}""")));
        await peer.FinishAsync();
        Assert.That(await peer.ReadFrameAsync(), Is.Null);
    }

    [Test]
    public async Task A_client_gets_its_answer()
    {
        var answered = new TaskCompletionSource<string>();
        await using var client = await new GhmsClientBuilder()
            .AddJson()
            .AddMessage<Greeting>()
            .Handle<Greeting>((_, greeting, _) =>
            {
                answered.SetResult(greeting.Word);
                return ValueTask.CompletedTask;
            })
            .UseConnectionFactory(new InMemoryServer(BuildEcho()))
            .ConnectAsync(new Uri("http://localhost/"));
        await client.SendAsync(new Greeting("hello"));
        Assert.That(await answered.Task.WaitAsync(TimeSpan.FromSeconds(10)), Is.EqualTo("hello"));
    }

    [Test]
    public async Task An_unknown_code_is_1003()
    {
        var peer = await ConnectAsync(BuildEcho());
        await peer.SendFrameAsync(99, "");
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(CloseStatus.UnknownMessageCode));
    }

    private GhmsBroker BuildEcho() => Build(broker => broker
        .AddJson()
        .AddMessage<Greeting>()
        .Handle<Greeting>(async (connection, greeting, ct) => await connection.SendAsync(greeting, ct)));
}
