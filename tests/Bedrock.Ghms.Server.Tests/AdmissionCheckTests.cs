using System.Net;
using System.Security.Claims;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Upgrade;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The host's own check of an upgrade request, on raw listeners and on mapped endpoints.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class AdmissionCheckTests(bool isMapped) : ServerFixture
{
    [Test]
    public async Task The_check_sees_the_request_and_may_give_the_connection_a_user_and_items()
    {
        AdmissionContext? seen = null;
        var headers = new Dictionary<string, string>();
        var app = await ServeAsync(
            builder => builder.Admit((request, _) =>
            {
                seen = request;
                headers = new Dictionary<string, string>(request.Headers, StringComparer.OrdinalIgnoreCase);
                request.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, request.Headers["x-name"])]));
                request.Items["tenant"] = 7;
                return default;
            }));
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), path: "/caf%C3%A9?a=%20b", fields: "X-Name: ann\r\nX-More: 1\r\nX-More: 2\r\n");
        var connection = BrokerOf(app).Connections[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((seen!.Path, seen.Query, seen.Broker), Is.EqualTo(("/café", "a=%20b", BrokerOf(app))));
            Assert.That(seen.ConnectionId, Is.EqualTo(connection.Id));
            Assert.That(headers["X-MORE"], Is.EqualTo("1, 2"));
            Assert.That((seen.RemoteEndPoint as IPEndPoint)?.Address, Is.EqualTo(IPAddress.Loopback));
            Assert.That((seen.LocalEndPoint as IPEndPoint)?.Port, Is.EqualTo(PortOf(app)));
            Assert.That(connection.User?.Identity?.Name, Is.EqualTo("ann"));
            Assert.That(connection.Items["tenant"], Is.EqualTo(7));
            Assert.That(connection.Headers, Is.Empty);
        }
    }

    [Test]
    public async Task A_refusal_is_answered_as_the_check_says()
    {
        var refusal = new UpgradeRefusal(401, "Show a token.") { Fields = [KeyValuePair.Create("WWW-Authenticate", "Bearer")], RetryAfter = TimeSpan.FromSeconds(7) };
        var app = await ServeAsync(builder => builder.Admit((_, _) => ValueTask.FromResult<UpgradeRefusal?>(refusal)));
        var response = await AskAsync(app);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((response.Status, response.Body), Is.EqualTo((401, "Show a token.")));
            Assert.That(response["WWW-Authenticate"], Is.EqualTo("Bearer"));
            Assert.That(response["Retry-After"], Is.EqualTo("7"));
            Assert.That(response["Connection"], Is.EqualTo("close"));
        }
    }

    [Test]
    public async Task Checks_run_in_order_until_one_refuses()
    {
        var asked = new List<string>();
        var app = await ServeAsync(builder => builder
            .Admit((request, _) => Answer("first", null))
            .Admit((request, _) => Answer("second", new UpgradeRefusal(403, "No.")))
            .Admit((request, _) => Answer("third", null)));
        Assert.That((await AskAsync(app)).Status, Is.EqualTo(403));
        Assert.That(asked, Is.EqualTo(new[] { "first", "second" }));

        ValueTask<UpgradeRefusal?> Answer(string name, UpgradeRefusal? refusal)
        {
            asked.Add(name);
            return ValueTask.FromResult(refusal);
        }
    }

    [Test]
    public async Task A_check_is_asked_after_the_encoding_and_before_the_room()
    {
        var asked = 0;
        var app = await ServeAsync(
            builder => builder.Admit((request, _) =>
            {
                asked++;
                return ValueTask.FromResult(request.Query == "no" ? UpgradeRefusal.For(UpgradeRejection.Forbidden) : null);
            }),
            options => options.MaxConnections = 1);
        using var only = await WirePeer.UpgradeAsync(PortOf(app));
        var encoding = await AskAsync(app, fields: "Accept: text/plain\r\n");
        var askedForEncoding = asked;
        var both = await AskAsync(app, path: "/?no");
        var room = await AskAsync(app);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((encoding.Status, askedForEncoding), Is.EqualTo((406, 1)));
            Assert.That((both.Status, room.Status, asked), Is.EqualTo((403, 503, 3)));
        }
    }

    [Test]
    public async Task What_arrives_while_a_check_is_pending_is_treated_as_messages()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<UpgradeRefusal?>());
        var app = await ServeAsync(builder => builder.Admit(async (_, _) =>
        {
            asked.SetResult();
            return await answer.Task;
        }));
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(WirePeer.Request());
        await asked.Task.WaitAsync(Patience.Long);
        await peer.SendFrameAsync(10, """{"Word":"early"}""");
        answer.SetResult(null);
        Assert.That((await peer.ReadResponseAsync()).Status, Is.EqualTo(101));
        Assert.That((await peer.ReadTextAsync()).Text, Is.EqualTo("""{"Word":"early"}"""));
    }

    [Test]
    public async Task A_check_that_fails_is_a_500_that_tells_nothing_and_is_logged()
    {
        ChecksFail = true;
        var app = await ServeAsync(builder => builder.Admit((_, _) => throw new InvalidOperationException("a secret")));
        var response = await AskAsync(app);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((response.Status, response.Body), Is.EqualTo((500, "The request could not be checked.")));
            Assert.That(Log.Records.Single(record => record.Event.Name == "AdmissionFailed").Exception, Has.Message.EqualTo("a secret"));
        }
    }

    [Test]
    public async Task A_check_that_takes_too_long_is_told_and_its_request_gets_503([Values] bool looksAtItsToken)
    {
        var time = new FakeTimeProvider();
        var (asked, told) = (new TaskCompletionSource(), new TaskCompletionSource());
        var app = await ServeAsync(
            builder =>
            {
                builder.Services.AddSingleton<TimeProvider>(time);
                builder.Admit(async (_, ct) =>
                {
                    ct.UnsafeRegister(static told => ((TaskCompletionSource)told!).SetResult(), told);
                    asked.SetResult();
                    await Task.Delay(Timeout.Infinite, looksAtItsToken ? ct : default);
                    return null;
                });
            },
            options => options.Upgrade.HeaderTimeout = TimeSpan.FromSeconds(1));
        var asking = AskAsync(app);
        await asked.Task.WaitAsync(Patience.Long);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.That(told.Task.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromSeconds(1));
        var response = await asking;
        await told.Task.WaitAsync(Patience.Long);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((response.Status, response["Retry-After"]), Is.EqualTo((503, "5")));
            Assert.That(Log.Records.Where(record => record.Event.Name == "AdmissionTimeout").ToList(), Has.Count.EqualTo(1));
        }
    }

    [Test]
    public async Task A_pending_check_counts_as_an_unfinished_upgrade()
    {
        var answer = new TaskCompletionSource<UpgradeRefusal?>();
        var app = await ServeAsync(
            builder => builder.Admit(async (_, _) => await answer.Task),
            options => options.Upgrade.MaxPending = 2);
        var peers = await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            var peer = await WirePeer.ConnectAsync(PortOf(app));
            await peer.SendAsync(WirePeer.Request());
            return peer;
        }));

        // One of the three is turned away without an answer, clean or reset; which one is a matter of chance.
        var heads = Array.ConvertAll(peers, async peer =>
        {
            try
            {
                return await peer.ReadHeadAsync();
            }
            catch (System.Net.Sockets.SocketException)
            {
                return null;
            }
        });
        Assert.That(await await Task.WhenAny(heads).WaitAsync(Patience.Long), Is.Null);
        answer.SetResult(null);
        Assert.That((await Task.WhenAll(heads)).Count(head => head is not null && head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)), Is.EqualTo(2));
        Array.ForEach(peers, peer => peer.Dispose());
    }

    [Test]
    public async Task A_request_whose_check_is_pending_gets_503_when_the_host_stops()
    {
        var asked = new TaskCompletionSource();
        var app = await ServeAsync(builder => builder.Admit(async (_, ct) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, ct);
            return null;
        }));
        var asking = AskAsync(app);
        await asked.Task.WaitAsync(Patience.Long);
        var stopping = app.StopAsync();
        var response = await asking;
        await stopping.WaitAsync(Patience.Long);
        Assert.That((response.Status, response.Body), Is.EqualTo((503, "The server is shutting down.")));
    }

    [Test]
    public async Task The_limit_per_address_is_exact_and_a_place_is_free_again_when_its_connection_is_gone()
    {
        var app = await ServeAsync(_ => { }, options => options.MaxConnectionsPerAddress = 5);
        var peers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => WirePeer.ConnectAsync(PortOf(app))));
        var responses = await Task.WhenAll(peers.Select(async peer =>
        {
            await peer.SendAsync(WirePeer.Request());
            return await peer.ReadResponseAsync();
        }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(responses.Count(response => response.Status == 101), Is.EqualTo(5));
            Assert.That(
                responses.Count(response => (response.Status, response["Retry-After"], response.Body) == (503, "5", "There are too many connections from this address.")),
                Is.EqualTo(15));
        }

        Array.ForEach(peers, peer => peer.Dispose());
        var again = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Retry.UpgradeAsync(PortOf(app))));
        await Task.WhenAll(again.Select(peer => peer.EchoAsync()));
        Array.ForEach(again, peer => peer.Dispose());
    }

    private Task<WebApplication> ServeAsync(Action<GhmsServerBuilder> configure, Action<GhmsBrokerOptions>? options = null)
    {
        return isMapped ? StartMappedAsync(Configure, options) : StartAsync(Configure, options);

        void Configure(GhmsServerBuilder builder)
        {
            Echo(builder);
            configure(builder);
        }
    }

    private static async Task<WirePeer.Response> AskAsync(WebApplication app, string path = "/", string fields = "")
    {
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(WirePeer.Request(path, fields));
        return await peer.ReadResponseAsync();
    }
}
