using Bedrock.Ghms.Client;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Client.Reconnecting;

/// <summary>Header fields that are asked for on every attempt, and servers that refuse them.</summary>
internal sealed class CredentialTests : ReconnectFixture
{
    private int _asked;
    private string _token = "old";

    [Test]
    public async Task Fields_are_asked_for_on_every_attempt_and_take_the_place_of_constant_ones()
    {
        var server = new ScriptedServer(ScriptedServer.Accepts, finish: true);
        Network.Script(server);
        var client = Own(Builder().AddHeader("authorization", "none").AddHeader("X-Constant", "1").UseHeaders((fields, _) =>
        {
            fields["Authorization"] = $"Bearer {++_asked}";
            return ValueTask.CompletedTask;
        }).Build());
        for (var i = 1; i <= 2; i++)
        {
            await client.ConnectAsync().InTime();
            await UntilAsync(GhmsClientState.Disconnected);
            var lines = (await server.Peers[^1].ReadHeadAsync()).Split("\r\n");
            Assert.That(lines, Does.Contain($"Authorization: Bearer {i}").And.Contain("X-Constant: 1").And.None.StartsWith("authorization"));
        }
    }

    [TestCase(401)]
    [TestCase(403)]
    public async Task What_was_refused_is_not_shown_again_until_it_is_another(int status)
    {
        Network.Script(Refusing(status));
        var client = BuildClient(configure: UseToken);
        var connecting = client.ConnectAsync();
        await ExpectWaitAsync(Ms(100));
        await ExpectAskedInVainAsync(Ms(200));
        Time.Advance(Ms(200));
        await ExpectAskedInVainAsync(Ms(400));
        Time.Advance(Ms(400));
        await ExpectAskedInVainAsync(Ms(800));
        Assert.That(Network.Attempts, Is.EqualTo(1));
        _token = "new";
        Network.Up(BuildServer());
        Time.Advance(Ms(800));
        await connecting.InTime();
        Assert.That(_asked, Is.EqualTo(5));
    }

    [Test]
    public async Task After_the_largest_delay_it_is_shown_again()
    {
        Network.Script(Refusing(401));
        var client = BuildClient(options => options.MaxDelay = Ms(400), UseToken);
        var connecting = client.ConnectAsync();
        await ExpectWaitAsync(Ms(100));
        await ExpectAskedInVainAsync(Ms(200));
        Time.Advance(Ms(200));
        await ExpectAskedInVainAsync(Ms(100));
        Assert.That(Network.Attempts, Is.EqualTo(1));
        Network.Up(BuildServer());
        Time.Advance(Ms(100));
        await connecting.InTime();
    }

    [Test]
    public async Task Where_nothing_can_change_the_largest_delay_is_waited_for()
    {
        Network.Script(Refusing(403));
        var connecting = BuildClient(configure: builder => builder.AddHeader("Authorization", "old")).ConnectAsync();
        await UntilAsync(GhmsClientState.Connecting);
        Network.Up(BuildServer());
        await ExpectWaitAsync(TimeSpan.FromSeconds(10));
        await connecting.InTime();
    }

    [Test]
    public async Task A_refusal_by_one_server_holds_nothing_back_from_another()
    {
        Network.Script(Refusing(401), 1);
        Network.Up(BuildServer(), 2);
        await BuildClient(configure: UseToken, ports: [1, 2]).ConnectAsync().InTime();
    }

    [Test]
    public async Task A_provider_that_fails_is_a_failed_attempt_whatever_it_throws()
    {
        Network.Up(BuildServer());
        var connecting = BuildClient(configure: builder => builder.UseHeaders((_, _) =>
            ++_asked < 3 ? throw new ArgumentException("no token") : ValueTask.CompletedTask)).ConnectAsync();
        await ExpectWaitAsync(Ms(100));
        await ExpectWaitAsync(Ms(200));
        await connecting.InTime();
        Assert.That(Network.Attempts, Is.EqualTo(1));
    }

    private void UseToken(GhmsClientBuilder builder) => builder.UseHeaders((fields, _) =>
    {
        _asked++;
        fields["Authorization"] = _token;
        return ValueTask.CompletedTask;
    });

    private static ScriptedServer Refusing(int status) => new($"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n", finish: true);

    // The state stays Waiting while nothing but the provider is asked, so the log tells.
    private async Task ExpectAskedInVainAsync(TimeSpan wait)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!Services.Log.Last(record => record.Event.Name == "ClientWaiting").Text.Contains($" {wait}.", StringComparison.Ordinal))
        {
            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.That(Services.Log.Any(record => record.Event.Name == "ClientHeldBack"));
    }
}
