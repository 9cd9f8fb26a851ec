using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Tests.Client.Reconnecting;

/// <summary>What a client does when its connection ends, or cannot be made.</summary>
internal sealed class StayingConnectedTests : ReconnectFixture
{
    [Test]
    public async Task A_lost_connection_is_made_anew_at_once_and_the_client_goes_on()
    {
        var received = new TaskCompletionSource<string>();
        Network.Up(BuildServer(server => server.Handle<Greeting>((_, greeting, _) =>
        {
            received.SetResult(greeting.Word);
            return ValueTask.CompletedTask;
        })));
        var client = BuildClient();
        Assert.That(client.State, Is.EqualTo(GhmsClientState.Disconnected));
        await client.ConnectAsync().InTime();
        var first = client.Connection;
        Time.Advance(RetryEarly);
        Network.Break();
        var connecting = await UntilNextAsync(GhmsClientState.Connecting);
        Assert.That(connecting.Old, Is.EqualTo(GhmsClientState.Connected));
        Assert.That(connecting.Cause, Is.TypeOf<GhmsConnectionClosedException>());
        await UntilAsync(GhmsClientState.Connected);
        await client.WaitForConnectedAsync().InTime();
        Assert.That(client.Connection, Is.Not.SameAs(first));
        Assert.That(first.End?.Cause, Is.EqualTo(ConnectionEndCause.Lost));
        await client.SendAsync(new Greeting("again"));
        Assert.That(await received.Task.InTime(), Is.EqualTo("again"));
        Assert.That(Services.Log.Select(record => record.Event.Name), Does.Contain("ClientConnected").And.Contain("ClientConnectionLost").And.Contain("ClientConnecting"));
    }

    [Test]
    public async Task While_the_server_is_down_the_waits_double_to_their_limit_and_begin_anew_after_it_was_up()
    {
        Network.Down();
        var client = BuildClient(options => options.MaxDelay = TimeSpan.FromSeconds(1));
        var connecting = client.ConnectAsync();
        foreach (var wait in new[] { 100, 200, 400, 800, 1_000, 1_000 })
        {
            await Network.NextAttemptAsync();
            await ExpectWaitAsync(Ms(wait));
        }

        await Network.NextAttemptAsync();
        await UntilAsync(GhmsClientState.Waiting);
        Network.Up(BuildServer());
        Time.Advance(Ms(1_000));
        await connecting.InTime();
        Time.Advance(RetryEarly);
        Network.Down();
        Network.Break();
        await Network.NextAttemptAsync();
        await Network.NextAttemptAsync();
        await ExpectWaitAsync(Ms(100));
        Assert.That(Services.Log.Last(record => record.Event.Name == "ClientAttemptFailed").Text, Does.Contain("localhost:80").And.Contain("down"));
    }

    [Test]
    public async Task A_connection_that_ends_at_once_is_no_success()
    {
        Network.Up(BuildServer(server => server.OnConnected(connection =>
        {
            _ = connection.CloseAsync(CloseStatus.Normal);
            return ValueTask.CompletedTask;
        })));
        _ = BuildClient().ConnectAsync();
        foreach (var wait in new[] { 100, 200, 400 })
        {
            await ExpectWaitAfterConnectAsync(Ms(wait));
        }
    }

    [Test]
    public async Task Connections_that_end_at_once_use_up_the_attempts_too()
    {
        ExpectsErrors = true;
        Network.Up(BuildServer(server => server.OnConnected(connection =>
        {
            _ = connection.CloseAsync(CloseStatus.GoingAway);
            return ValueTask.CompletedTask;
        })));
        _ = BuildClient(options => options.MaxAttempts = 2).ConnectAsync();
        await ExpectWaitAfterConnectAsync(Ms(100));
        Assert.That((await UntilAsync(GhmsClientState.Disconnected)).Cause, Is.TypeOf<GhmsConnectionClosedException>());
        Assert.That(Services.Log.Count(record => record.Event.Name == "ClientGaveUp"), Is.EqualTo(1));
    }

    [Test]
    public async Task It_gives_up_after_so_many_attempts_and_may_be_asked_again()
    {
        Network.Down();
        var client = BuildClient(options => options.MaxAttempts = 3);
        var connecting = client.ConnectAsync();
        var waiting = client.WaitForConnectedAsync();
        await ExpectWaitAfterAttemptAsync(Ms(100));
        await ExpectWaitAfterAttemptAsync(Ms(200));
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<IOException>().With.Message.EqualTo("down"));
        Assert.That(async () => await waiting.InTime(), Throws.TypeOf<GhmsConnectionClosedException>().With.InnerException.TypeOf<IOException>());
        Assert.That(client.State, Is.EqualTo(GhmsClientState.Disconnected));
        Network.Up(BuildServer());
        await client.ConnectAsync().InTime();
        Assert.That(await client.SendAsync(new Greeting("x")), Is.EqualTo(1));
    }

    [Test]
    public async Task A_client_that_gives_up_on_a_lost_connection_says_so()
    {
        ExpectsErrors = true;
        Network.Up(BuildServer());
        var client = BuildClient(options => options.MaxAttempts = 2);
        await client.ConnectAsync().InTime();
        Time.Advance(RetryEarly);
        Network.Down();
        Network.Break();
        await ExpectWaitAsync(Ms(100));
        var change = await UntilAsync(GhmsClientState.Disconnected);
        Assert.That(change.Cause, Is.TypeOf<IOException>());
        Assert.That(Services.Log.Single(record => record.Level == LogLevel.Error).Event.Name, Is.EqualTo("ClientGaveUp"));
        Assert.That(async () => await client.SendAsync(new Greeting("x")), Throws.TypeOf<GhmsConnectionClosedException>());
    }

    [Test]
    public async Task Who_closes_the_connection_normally_on_this_side_has_ended_it()
    {
        Network.Up(BuildServer());
        var client = BuildClient();
        await client.ConnectAsync().InTime();
        await Network.NextAttemptAsync();
        Time.Advance(RetryEarly);
        await client.Connection.CloseAsync().InTime();
        await UntilAsync(GhmsClientState.Disconnected);
        Assert.That(Network.Attempts, Is.Zero);
    }

    [Test]
    public async Task A_closed_client_stays_closed()
    {
        Network.Up(BuildServer());
        var client = BuildClient();
        await client.ConnectAsync().InTime();
        await client.CloseAsync(CloseStatus.GoingAway).InTime();
        Assert.That((await UntilAsync(GhmsClientState.Closed)).Old, Is.EqualTo(GhmsClientState.Connected));
        Assert.That(client.Connection.End?.Status, Is.EqualTo(CloseStatus.GoingAway));
        Assert.That(async () => await client.ConnectAsync().InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(async () => await client.WaitForConnectedAsync().InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(async () => await client.SendAsync(new Greeting("x")), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(client.State, Is.EqualTo(GhmsClientState.Closed));
    }

    [Test]
    public async Task Closing_ends_an_attempt_and_a_wait([Values] bool isWaiting)
    {
        Network.Set(80, async token =>
        {
            await Task.Delay(isWaiting ? 0 : Timeout.Infinite, token);
            throw new IOException("down");
        });
        var client = BuildClient();
        var connecting = client.ConnectAsync();
        await UntilAsync(isWaiting ? GhmsClientState.Waiting : GhmsClientState.Connecting);
        await client.CloseAsync().InTime();
        Assert.That(async () => await connecting.InTime(), Throws.TypeOf<GhmsConnectionClosedException>());
        Assert.That(client.State, Is.EqualTo(GhmsClientState.Closed));
    }

    [Test]
    public async Task The_token_ends_the_attempts_but_not_the_client()
    {
        Network.Down();
        var client = BuildClient();
        using var source = new CancellationTokenSource();
        var connecting = client.ConnectAsync(source.Token);
        await UntilAsync(GhmsClientState.Waiting);
        await source.CancelAsync();
        Assert.That(
            async () => await connecting.InTime(),
            Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(source.Token));
        await UntilAsync(GhmsClientState.Disconnected);
        Network.Up(BuildServer());
        await client.ConnectAsync().InTime();
    }

    [Test]
    public async Task Who_connects_while_somebody_does_waits_for_them()
    {
        Network.Down();
        var client = BuildClient();
        var (first, second) = (client.ConnectAsync(), client.ConnectAsync());
        await UntilAsync(GhmsClientState.Waiting);
        Network.Up(BuildServer());
        Time.Advance(Ms(100));
        await Task.WhenAll(first, second).InTime();
        await client.ConnectAsync().InTime();
        Assert.That(Network.Attempts, Is.EqualTo(2));
    }

    [Test]
    public async Task A_handler_of_StateChanged_that_fails_is_logged_and_changes_nothing()
    {
        ExpectsErrors = true;
        Network.Up(BuildServer());
        var client = BuildClient();
        client.StateChanged += (_, _) => throw new InvalidOperationException("mine");
        await client.ConnectAsync().InTime();
        Assert.That(client.State, Is.EqualTo(GhmsClientState.Connected));
        Assert.That(Services.Log.Where(record => record.Event.Name == "ClientStateChangedFailed").Select(record => record.Exception?.Message), Has.Some.EqualTo("mine"));
    }

    [Test]
    public async Task A_handler_of_StateChanged_sees_every_change_once_and_in_order()
    {
        Network.Up(BuildServer());
        await BuildClient().ConnectAsync().InTime();
        var state = GhmsClientState.Disconnected;
        for (var i = 0; i < 20; i++)
        {
            do
            {
                var change = await Changes.Reader.ReadAsync().InTime();
                Assert.That(change.Old, Is.EqualTo(state));
                state = change.New;
            }
            while (state != GhmsClientState.Connected);
            Time.Advance(RetryEarly);
            Network.Break();
        }
    }

    [Test]
    public async Task A_client_without_reconnection_may_be_connected_again_by_hand()
    {
        Network.Up(BuildServer());
        var client = Own(Builder().Build());
        Assert.That(() => client.Connection, Throws.TypeOf<GhmsConnectionClosedException>());
        await client.ConnectAsync().InTime();
        Network.Break();
        await UntilAsync(GhmsClientState.Disconnected);
        Assert.That(async () => await client.SendAsync(new Greeting("x")), Throws.TypeOf<GhmsConnectionClosedException>());
        await client.ConnectAsync().InTime();
        Assert.That(await client.SendAsync(new Greeting("x")), Is.EqualTo(1));
        Assert.That(client.Broker.Count, Is.EqualTo(1));
    }

    [Test]
    public void What_can_never_succeed_is_not_tried_again()
    {
        Network.Up(BuildServer());
        var client = BuildClient(configure: builder => builder.AddHeader("Bad Name", "x"));
        Assert.That(async () => await client.ConnectAsync().InTime(), Throws.ArgumentException);
        Assert.That(() => new GhmsClientBuilder().AddJson().Build(), Throws.InvalidOperationException.With.Message.Contains("ConnectTo"));
    }

    private static TimeSpan RetryEarly => TimeSpan.FromSeconds(5);

    private async Task<GhmsClientStateChange> UntilNextAsync(GhmsClientState state)
    {
        await UntilAsync(GhmsClientState.Connected);
        return await UntilAsync(state);
    }

    private async Task ExpectWaitAfterAttemptAsync(TimeSpan wait)
    {
        await Network.NextAttemptAsync();
        await ExpectWaitAsync(wait);
    }

    private async Task ExpectWaitAfterConnectAsync(TimeSpan wait)
    {
        await UntilAsync(GhmsClientState.Connected);
        await ExpectWaitAfterAttemptAsync(wait);
    }
}
