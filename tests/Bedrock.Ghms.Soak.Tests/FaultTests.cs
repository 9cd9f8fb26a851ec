using System.Diagnostics;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Soak.Accounting;
using Bedrock.Ghms.Soak.Load;

namespace Bedrock.Ghms.Soak.Tests;

/// <summary>A server process that fails under load, once in each way. Every message is accounted for.</summary>
internal sealed class FaultTests
{
    // Longer than two connections after each other can be given up for silence.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    // Two clients: in one, sends wait for a connection; in the other, they fail without one.
    private static readonly Terms Short = new() { Clients = 2, Timeout = TimeSpan.FromSeconds(1) };

    // No fault of these tests lasts as long.
    private static readonly Terms Patient = Short with { Timeout = TimeSpan.FromSeconds(30) };

    [Test]
    public async Task A_killed_server_takes_along_no_more_than_the_ends_of_connections_tell()
    {
        await using var stage = await Stage.StartAsync(Patient);
        await LoadAsync(stage);
        await stage.LoseConnectionsAsync(stage.KillServerAsync);
        await stage.StartServerAsync();
        await stage.RecoverAsync();
        await LoadAsync(stage);
        var audit = await FinishAsync(stage);
        Assert.That(FirstEnds(stage).Select(end => end.Cause), Is.All.AnyOf(ConnectionEndCause.Lost, ConnectionEndCause.EndedByPeer));
        Assert.That(audit.Totals[StreamKind.Request].NotSent + audit.Totals[StreamKind.Send].NotSent, Is.Positive, "The second client has not failed once.");
    }

    [Test]
    public async Task A_stopped_server_says_so_and_its_clients_come_back_to_the_next()
    {
        await using var stage = await Stage.StartAsync(Patient);
        await LoadAsync(stage);
        await stage.LoseConnectionsAsync(stage.StopServerAsync);
        await stage.StartServerAsync();
        await stage.RecoverAsync();
        await LoadAsync(stage);
        await FinishAsync(stage);
        Assert.That(FirstEnds(stage).Select(end => (end.Cause, end.Status)), Is.All.EqualTo((ConnectionEndCause.ClosedByPeer, CloseStatus.GoingAway)));
    }

    [Test]
    public async Task A_server_that_pauses_for_less_than_the_time_out_costs_nothing()
    {
        await using var stage = await Stage.StartAsync(Patient);
        await LoadAsync(stage);
        await stage.PauseServerAsync();
        await Task.Delay(500);
        await stage.ResumeServerAsync();
        await LoadAsync(stage);
        await CheckNothingWasLostAsync(stage);
    }

    [Test]
    public async Task A_network_that_is_gone_for_less_than_the_time_out_costs_nothing()
    {
        await using var stage = await Stage.StartAsync(Patient);
        await LoadAsync(stage);
        stage.CutOff();
        await Task.Delay(500);
        stage.Restore();
        await LoadAsync(stage);
        await CheckNothingWasLostAsync(stage);
    }

    [Test]
    public async Task A_server_that_pauses_for_longer_is_left_and_what_it_finds_later_comes_twice_to_nobody()
    {
        await using var stage = await Stage.StartAsync(Short);
        await LoadAsync(stage);
        var lost = Newest(stage);
        await stage.LoseConnectionsAsync(stage.PauseServerAsync);
        await stage.ResumeServerAsync();
        await stage.RecoverAsync();
        await LoadAsync(stage);
        await FinishAsync(stage);
        Assert.That(lost.Select(account => account.End?.Cause), Is.All.EqualTo(ConnectionEndCause.ClosedHere));
    }

    [Test]
    public async Task A_network_that_swallows_everything_is_found_out_in_time_and_what_waits_is_bounded()
    {
        await using var stage = await Stage.StartAsync(Short with { Timeout = TimeSpan.FromSeconds(3), Burst = 200 });
        await LoadAsync(stage);
        var lost = Newest(stage);
        var watch = new MemoryWatch(stage.Clients);
        await stage.LoseConnectionsAsync(() =>
        {
            stage.CutOff();
            return Task.CompletedTask;
        });
        await watch.DisposeAsync();
        stage.Restore();
        await stage.RecoverAsync();
        await LoadAsync(stage);
        await FinishAsync(stage);
        Assert.That(lost.Select(account => account.End?.Cause), Is.All.EqualTo(ConnectionEndCause.ClosedHere));
        Assert.That(watch.PeakPending, Is.InRange(Short.SoftLimit / 2, Short.HardLimit));
    }

    [Test]
    public async Task Without_a_server_every_send_fails_in_the_end_and_nothing_else_is_lost()
    {
        await using var stage = await Stage.StartAsync(Short);
        await LoadAsync(stage);
        await stage.LoseConnectionsAsync(stage.KillServerAsync);
        await UntilEachStreamAsync(stage, 3, stream => stream.Attempted - stream.Succeeded);
        var audit = await FinishAsync(stage);
        Assert.That(audit.Totals.Values.Select(totals => totals.NotSent), Is.All.Positive);
    }

    [Test]
    public async Task Many_restarts_leave_nothing_behind()
    {
        await using var stage = await Stage.StartAsync(Patient);
        await LoadAsync(stage);
        var before = MemoryWatch.HeapNow();
        for (var i = 0; i < 3; i++)
        {
            await stage.LoseConnectionsAsync(stage.KillServerAsync);
            await stage.StartServerAsync();
            await stage.RecoverAsync();
            await LoadAsync(stage);
        }

        await stage.QuietAsync();
        Assert.That(MemoryWatch.HeapNow() - before, Is.LessThan(8 * 1_024 * 1_024));
        var audit = await FinishAsync(stage);
        Assert.That(stage.Clients.Select(client => client.Ledger.Accounts.Length), Is.All.AtLeast(4));
        Assert.That(audit.Totals[StreamKind.Request].ArrivedUnanswered, Is.Positive, "No request was open when a server was killed.");
    }

    // Until each client has got on with everything it does.
    private static Task LoadAsync(Stage stage) => UntilEachStreamAsync(stage, 50, stream => stream.Succeeded);

    private static async Task UntilEachStreamAsync(Stage stage, int more, Func<NumberStream, long> count)
    {
        var goals = stage.Clients.SelectMany(client => client.Streams.SkipLast(1)).Select(stream => (Stream: stream, Count: count(stream) + more)).ToList();
        var beganAt = Stopwatch.GetTimestamp();
        while (goals.Find(goal => count(goal.Stream) < goal.Count).Stream is { } behind)
        {
            stage.Clients.ToList().ForEach(client => client.ThrowIfFailed());
            Assert.That(
                Stopwatch.GetElapsedTime(beganAt),
                Is.LessThan(Patience),
                $"{behind.Kind} {behind.Id}: {behind.Attempted} attempted, {behind.Succeeded} succeeded; {stage.Clients[behind.Client].Condition}");
            await Task.Delay(5);
        }
    }

    private static async Task<Audit> FinishAsync(Stage stage)
    {
        var audit = await stage.FinishAsync();
        Assert.That(audit.Violations, Is.Empty, Report.Messages(audit.Totals));
        var accounts = stage.Clients.SelectMany(client => client.Ledger.Accounts);
        Assert.That(stage.Clients.Sum(client => client.Dropped), Is.EqualTo(accounts.Sum(account => account.Dropped)));
        return audit;
    }

    private static async Task CheckNothingWasLostAsync(Stage stage)
    {
        var audit = await FinishAsync(stage);
        Assert.That(
            stage.Clients.Select(client => client.Ledger.Accounts.Length),
            Is.All.EqualTo(1),
            string.Join(", ", stage.Clients.SelectMany(client => client.Ledger.Accounts).Select(account => account.End)));
        Assert.That(audit.Totals.Values.Select(totals => totals.Lost), Is.All.Zero);
        Assert.That(audit.Totals[StreamKind.Request].NotSent + audit.Totals[StreamKind.Publication].NotSent, Is.Zero);
    }

    // With a short time-out a busy machine may have ended those before.
    private static List<ConnectionAccount> Newest(Stage stage) => [.. stage.Clients.Select(client => client.Ledger.Accounts[^1])];

    private static IEnumerable<ConnectionEnd> FirstEnds(Stage stage) => stage.Clients.Select(client => client.Ledger.Accounts[0].End!);
}
