using System.Runtime.CompilerServices;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Requests;

/// <summary>Answers that are streams, on the wire.</summary>
internal sealed class StreamAnswerTests : RequestFixture
{
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _produced;

    [Test]
    public async Task Items_come_in_order_and_an_empty_Reply_ends_them([Values(0, 1, 32)] int count)
    {
        var (connection, peer) = await JoinAsync(MakeStream(count));
        await AskAsync(peer, 7);
        await ExpectItemsAsync(peer, 0, count);
        Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Reply, 7, 0, "")));
        await UntilAsync(() => connection.CountRequests() == default);
    }

    [Test]
    public async Task Exhausted_credit_holds_the_producer_until_there_is_more()
    {
        var (_, peer) = await JoinAsync(MakeStream(int.MaxValue));
        await AskAsync(peer, 7);
        await ExpectItemsAsync(peer, 0, 32);
        await ExpectQuietAsync(peer);
        Assert.That(Volatile.Read(ref _produced), Is.EqualTo(33), "one ahead");
        await CreditAsync(peer, 7, 0);
        await ExpectQuietAsync(peer);
        await CreditAsync(peer, 7, 2);
        await CreditAsync(peer, 7, 1);
        await ExpectItemsAsync(peer, 32, 3);

        // It goes on beside the read loop now, and may be about to make the next one still.
        await UntilAsync(() => Volatile.Read(ref _produced) >= 36);
        await ExpectQuietAsync(peer);
        Assert.That(Volatile.Read(ref _produced), Is.EqualTo(36));
        await CancelAsync(peer, 7);
        await ExpectFaultAsync(peer, 7, CloseStatus.GoingAway);
        await _stopped.Task.InTime();
    }

    [Test]
    public async Task More_credit_than_can_be_counted_is_as_much_as_can_be()
    {
        var (_, peer) = await JoinAsync(MakeStream(100));
        await AskAsync(peer, 7);
        for (var i = 0; i < 3; i++)
        {
            await CreditAsync(peer, 7, uint.MaxValue);
        }

        await ExpectItemsAsync(peer, 0, 100);
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Reply));
    }

    [Test]
    public async Task Cancel_ends_a_stream_with_1001_and_nothing_follows()
    {
        var (connection, peer) = await JoinAsync(MakeStream(int.MaxValue));
        await AskAsync(peer, 7);
        await CreditAsync(peer, 7, 1_000_000);
        await ExpectItemsAsync(peer, 0, 10);
        await CancelAsync(peer, 7);
        Seen seen;
        do
        {
            seen = await ReadAsync(peer);
        }
        while (seen.Kind == Item);
        Assert.That((seen.Kind, seen.Number), Is.EqualTo((Fault, 1001u)));
        await _stopped.Task.InTime();
        await ExpectQuietAsync(peer);
        await UntilAsync(() => connection.CountRequests() == default);
    }

    [Test]
    public async Task A_failure_ends_the_stream_with_1011_after_the_items_before_it()
    {
        ExpectsErrors = true;
        var (_, peer) = await JoinAsync(Make(builder => builder.AnswerStream<Greeting, Greeting>((_, _, _) => Failing())));
        await AskAsync(peer, 7);
        await ExpectItemsAsync(peer, 0, 1);
        await ExpectFaultAsync(peer, 7, CloseStatus.HandlerFailed);
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task An_item_too_big_for_the_asker_ends_the_stream_with_1009()
    {
        var (_, peer) = await JoinAsync(
            Make(builder => builder.AnswerStream<Greeting, Greeting>((_, _, _) => Growing())), fields: "GHMS-Max-Message-Size: 60\r\n");
        await AskAsync(peer, 7);
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Item));
        await ExpectFaultAsync(peer, 7, CloseStatus.MessageTooBig);
        await ExpectQuietAsync(peer);
    }

    [Test]
    public async Task A_class_may_answer_with_a_stream()
    {
        var (_, peer) = await JoinAsync(Make(builder => builder.AnswerStream<Greeting, Greeting, Twice>()));
        await AskAsync(peer, 7);
        Assert.That((await ReadAsync(peer)).Text, Is.EqualTo(Hello));
        Assert.That((await ReadAsync(peer)).Text, Is.EqualTo(Hello));
        Assert.That((await ReadAsync(peer)).Kind, Is.EqualTo(Reply));
    }

    private GhmsBroker MakeStream(int count) => Make(builder => builder.AnswerStream<Greeting, Greeting>((_, _, ct) => CountAsync(count, ct)));

    private static async Task ExpectItemsAsync(RawPeer peer, int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            Assert.That(await ReadAsync(peer), Is.EqualTo(new Seen(Item, 7, 10, $$"""{"Word":"{{i}}"}""")));
        }
    }

    private async IAsyncEnumerable<Greeting> CountAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            for (var i = 0; i < count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Interlocked.Increment(ref _produced);
                yield return new Greeting($"{i}");
            }
        }
        finally
        {
            _stopped.TrySetResult();
        }
    }

    private static async IAsyncEnumerable<Greeting> Failing()
    {
        yield return new Greeting("0");
        await Task.Yield();
        throw new InvalidOperationException();
    }

    private static async IAsyncEnumerable<Greeting> Growing()
    {
        yield return new Greeting("0");
        await Task.Yield();
        yield return new Greeting(new string('x', 60));
    }

    private sealed class Twice : IStreamHandler<Greeting, Greeting>
    {
        public async IAsyncEnumerable<Greeting> AnswerAsync(
            GhmsConnection connection, Greeting request, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            yield return request;
            await Task.Yield();
            yield return request;
        }
    }
}
