using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>Questions for streams, with the peer's items written byte by byte.</summary>
internal sealed class StreamAskTests : RequestFixture
{
    [Test]
    public async Task Nothing_is_asked_before_the_loop_begins_and_each_loop_asks_anew()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        var stream = connection.StreamAsync<Greeting>(new Greeting("hello"));
        await ExpectQuietAsync(peer);
        for (var id = 1ul; id <= 2; id++)
        {
            var reading = ReadAllAsync(stream);
            Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Request, id, 10, Hello)));
            await ItemsAsync(peer, id, 3);
            await SendAsync(peer, Reply, id, 0, "");
            Assert.That(await reading.InTime(), Is.EqualTo(new[] { "0", "1", "2" }));
        }

        Assert.That(connection.CountRequests(), Is.EqualTo(default(OpenRequests)));
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task Credit_is_granted_as_the_consumer_takes_items_and_not_before()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        await using var items = connection.StreamAsync<Greeting>(new Greeting("hello")).GetAsyncEnumerator();
        var first = items.MoveNextAsync();
        await ReadAsync(peer);
        await ItemsAsync(peer, 1, 32);
        Assert.That(await first.InTime(), Is.True);
        for (var i = 1; i < 15; i++)
        {
            Assert.That(await items.MoveNextAsync().InTime(), Is.True);
        }

        await ExpectQuietAsync(peer);
        Assert.That(await items.MoveNextAsync().InTime(), Is.True);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Credit, 1, 16, "")));
        for (var i = 16; i < 32; i++)
        {
            Assert.That(await items.MoveNextAsync().InTime(), Is.True);
        }

        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Credit, 1, 16, "")));
    }

    [Test]
    public async Task More_items_than_credit_end_the_stream_and_cancel_it()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        await using var items = connection.StreamAsync<Greeting>(new Greeting("hello")).GetAsyncEnumerator();
        var first = items.MoveNextAsync();
        await ReadAsync(peer);
        await ItemsAsync(peer, 1, 33);
        Assert.That(await first.InTime(), Is.True);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Cancel, 1, 0, "")));
        Assert.That(async () =>
        {
            while (await items.MoveNextAsync().InTime())
            {
            }
        }, Throws.TypeOf<GhmsRequestException>().With.Property("Status").EqualTo(CloseStatus.PolicyViolation));
    }

    [Test]
    public async Task Leaving_the_loop_early_sends_Cancel()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        var leaving = LeaveAsync();
        await ReadAsync(peer);
        await ItemsAsync(peer, 1, 2);
        await leaving.InTime();
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Cancel, 1, 0, "")));
        Assert.That(connection.CountRequests(), Is.EqualTo(default(OpenRequests)));
        await ExpectQuietAsync(peer);

        async Task LeaveAsync()
        {
            await foreach (var _ in connection.StreamAsync<Greeting>(new Greeting("hello")))
            {
                break;
            }
        }
    }

    [Test]
    public async Task The_token_ends_the_loop_and_sends_Cancel()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        using var stop = new CancellationTokenSource();
        var reading = ReadAllAsync(connection.StreamAsync<Greeting>(new Greeting("hello"), stop.Token));
        await ReadAsync(peer);
        await stop.CancelAsync();
        Assert.That(async () => await reading.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Cancel, 1, 0, "")));
    }

    [Test]
    public async Task A_Fault_comes_after_the_items_before_it()
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        await using var items = connection.StreamAsync<Greeting>(new Greeting("hello")).GetAsyncEnumerator();
        var first = items.MoveNextAsync();
        await ReadAsync(peer);
        await ItemsAsync(peer, 1, 1);
        await SendFaultAsync(peer, 1, 1011, "why");
        Assert.That(await first.InTime(), Is.True);
        Assert.That(async () => await items.MoveNextAsync().InTime(), Throws.TypeOf<GhmsRequestException>().With.Property("Text").EqualTo("why"));
    }

    [TestCase(Reply, 10u, Hello, CloseStatus.UnknownMessageCode, false, TestName = "One reply")]
    [TestCase(Reply, 10u, "{", CloseStatus.InvalidPayload, false, TestName = "A reply that cannot be decoded")]
    [TestCase(Item, 10u, "{", CloseStatus.InvalidPayload, true, TestName = "An item that cannot be decoded")]
    [TestCase(Item, 4711u, "", CloseStatus.UnknownMessageCode, true, TestName = "An item of an unknown code")]
    [TestCase(Item, 0u, "", CloseStatus.UnknownMessageCode, true, TestName = "An item that is empty")]
    [TestCase(Item, 11u, Hello, CloseStatus.UnknownMessageCode, true, TestName = "An item of a type that was not asked for")]
    public async Task What_cannot_be_used_ends_the_stream(uint kind, uint code, string payload, CloseStatus status, bool cancels)
    {
        var (connection, peer) = await JoinAsync(Make(_ => { }));
        var reading = ReadAllAsync(connection.StreamAsync<Greeting>(new Greeting("hello")));
        await ReadAsync(peer);
        await SendAsync(peer, kind, 1, code, payload);
        Assert.That(async () => await reading.InTime(), Throws.TypeOf<GhmsRequestException>().With.Property("Status").EqualTo(status));
        if (cancels)
        {
            Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Cancel, 1, 0, "")));
        }

        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task The_time_out_is_for_each_item_and_only_while_the_consumer_waits()
    {
        var (connection, peer) = await JoinAsync(Make(builder => builder
            .Configure(options => options.Timeout = TimeSpan.FromHours(1))
            .AddRequests(options => options.Timeout = TimeSpan.FromSeconds(5))));
        await using var items = connection.StreamAsync<Greeting>(new Greeting("hello")).GetAsyncEnumerator();
        var next = items.MoveNextAsync();
        await ReadAsync(peer);
        for (var i = 0; i < 3; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(4));
            await ItemsAsync(peer, 1, 1);
            Assert.That(await next.InTime(), Is.True);
            Time.Advance(TimeSpan.FromSeconds(100));
            next = items.MoveNextAsync();
        }

        Time.Advance(TimeSpan.FromSeconds(6));
        Assert.That(async () => await next.InTime(), Throws.TypeOf<TimeoutException>());
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Cancel, 1, 0, "")));
    }

    private static async Task ItemsAsync(RawPeer peer, ulong id, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await SendAsync(peer, Item, id, 10, $$"""{"Word":"{{i}}"}""");
        }
    }

    private static async Task<List<string>> ReadAllAsync(IAsyncEnumerable<Greeting> stream)
    {
        List<string> words = [];
        await foreach (var item in stream)
        {
            words.Add(item.Word);
        }

        return words;
    }
}
