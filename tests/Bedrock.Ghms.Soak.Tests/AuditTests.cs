using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Soak.Accounting;
using Bedrock.Ghms.Soak.Load;
using Bedrock.Ghms.Soak.Serving;

namespace Bedrock.Ghms.Soak.Tests;

/// <summary>The audit finds what it is there to find.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AuditTests
{
    private static readonly string[] Open = ["client 0, connection 0 (open): has not ended", "client 0, connection 1 (open): has not ended"];

    private readonly NumberStream _sends = new(client: 0, id: 0, StreamKind.Send);
    private readonly NumberStream _requests = new(client: 0, id: 1, StreamKind.Request);
    private readonly ConnectionAccount _first = new(client: 0, ordinal: 0, streams: 2);
    private readonly ConnectionAccount _second = new(client: 0, ordinal: 1, streams: 2);

    [SetUp]
    public async Task BeginAsync()
    {
        // Both connections have accepted two of the first stream; a fifth message failed.
        foreach (var account in new[] { _first, _first, _second, _second })
        {
            await _sends.SendNextAsync(_ => Task.FromResult(account.TakePosition(0)));
        }

        await _sends.SendNextAsync(_ => throw new GhmsConnectionClosedException("There is none."));
    }

    [Test]
    public void What_arrives_in_order_is_in_order()
    {
        Assert.That(Violations(Entry(0, 0, 0), Entry(0, 1, 1), Entry(1, 0, 2), Entry(1, 1, 3)), Is.EqualTo(Open));
    }

    [Test]
    public void One_that_is_missing_in_between_is_found() =>
        Assert.That(Violations(Entry(0, 1, 1)), Has.Member("(0, 0, 0): position 1 came where 0 was due"));

    [Test]
    public void One_that_comes_twice_is_found() =>
        Assert.That(Violations(Entry(0, 0, 0), Entry(0, 0, 0)), Has.Member("(0, 0, 0): position 0 came twice, or late"));

    [Test]
    public void One_that_comes_on_two_connections_is_found() => Assert.That(
        Violations(Entry(0, 0, 0), Entry(0, 1, 1), Entry(1, 0, 1)),
        Has.Member("client 0, stream 0: number 1 arrived on connection 1, and 1 on one before it"));

    [Test]
    public void One_that_was_said_not_to_be_sent_is_found() =>
        Assert.That(Violations(Entry(1, 0, 4)), Has.Member("(0, 1, 0): number 4 has arrived and was said not to be sent"));

    [Test]
    public void More_than_was_accepted_is_found() => Assert.That(
        Violations(Entry(0, 0, 0), Entry(0, 1, 1), Entry(0, 2, 2)),
        Has.Member("client 0, connection 0 (open): 3 of stream 0 arrived, and only 2 were accepted"));

    [Test]
    public void A_loss_that_nobody_reports_is_found() =>
        Assert.That(Violations(Entry(0, 0, 0)), Has.Member("client 0, connection 0 (open): 1 of stream 0 were lost silently"));

    [Test]
    public void A_loss_that_the_end_of_its_connection_reports_is_none()
    {
        _first.Close(new ConnectionEnd(ConnectionEndCause.Lost, CloseStatus.None, ""), dropped: 1);
        _second.Close(new ConnectionEnd(ConnectionEndCause.ClosedHere, CloseStatus.Normal, ""), dropped: 0);
        Assert.That(Violations(Entry(0, 0, 0), Entry(1, 0, 2), Entry(1, 1, 3)), Is.Empty);
    }

    [Test]
    public void More_dropped_than_is_missing_is_found()
    {
        _first.Close(new ConnectionEnd(ConnectionEndCause.Lost, CloseStatus.None, ""), dropped: 5);
        Assert.That(Violations(), Has.Member("client 0, connection 0 (Lost): 5 are said to be dropped, and only 2 are missing"));
    }

    [Test]
    public async Task An_answer_to_what_has_not_arrived_is_found()
    {
        await _requests.SendNextAsync(_ => Task.CompletedTask);
        Assert.That(Violations(), Has.Member("client 0, stream 1: 1 were answered, and 0 of them have arrived"));
    }

    [Test]
    public async Task A_send_that_no_connection_has_accepted_is_found()
    {
        await _sends.SendNextAsync(_ => Task.CompletedTask);
        Assert.That(Violations(), Has.Member("client 0, stream 0: 5 sends succeeded, and 4 were accepted"));
    }

    [Test]
    public void A_publication_that_is_missing_is_found()
    {
        _first.Receive(Numbered.Make(client: 0, stream: 0, number: 5) with { Connection = 0, Position = 1 });
        Assert.That(Violations(), Has.Member("client 0, connection 0: publication 1 of (0, 0, 0) came where 0 was due"));
    }

    private static JournalEntry Entry(int connection, long position, long number) => new(position, number, Client: 0, connection, Stream: 0);

    private IReadOnlyList<string> Violations(params JournalEntry[] journal) => new Audit(journal, [_sends, _requests], [_first, _second]).Violations;
}
