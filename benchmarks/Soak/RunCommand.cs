using System.CommandLine;
using System.Globalization;
using Bedrock.Ghms.Soak.Accounting;
using Bedrock.Ghms.Soak.Faults;

namespace Bedrock.Ghms.Soak;

/// <summary>Runs the load and the faults for a time, accounts for everything, and fails if there is anything to complain about.</summary>
internal static class RunCommand
{
    // What may be left in this process beyond what it held at the start: its own accounts, and what pools keep.
    private const long MaxGrowth = 16 * 1_024 * 1_024;

    public static Command Create()
    {
        var seconds = new Option<double>("--seconds") { Description = "How long.", DefaultValueFactory = _ => 600 };
        var seed = new Option<int>("--seed") { Description = "Where chance begins; drawn if not given.", DefaultValueFactory = _ => Random.Shared.Next() };
        var command = new Command("run", "Runs load and faults, accounts for every message, and ends with 0 if all is well.") { seconds, seed };
        command.SetAction((result, cancellation) =>
            RunAsync(TimeSpan.FromSeconds(result.GetRequiredValue(seconds)), result.GetRequiredValue(seed), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(TimeSpan duration, int seed, CancellationToken cancellation)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Console.WriteLine($"Seed {seed}, {duration.TotalSeconds:0} s");
        var terms = new Terms();
        await using var stage = await Stage.StartAsync(terms);
        var before = MemoryWatch.HeapNow();
        var watch = new MemoryWatch(stage.Clients);
        var faults = new FaultLoop(stage, terms, new Random(seed));
        await faults.RunAsync(duration, cancellation);
        await stage.QuietAsync();
        await watch.DisposeAsync();
        var growth = MemoryWatch.HeapNow() - before;
        var audit = await stage.FinishAsync();

        var accounts = stage.Clients.SelectMany(client => client.Ledger.Accounts).ToList();
        Console.WriteLine();
        Console.WriteLine(Report.Messages(audit.Totals));
        Console.WriteLine(Report.Connections(audit.Endings));
        Console.WriteLine(Report.Recoveries(faults.Recoveries));
        Console.WriteLine($"Configured: back after {terms.RecoveryTime.TotalSeconds:0.0} s at most.");
        Console.WriteLine($"Heap of the clients' process: {growth / 1_024:+#,0;-#,0;0} KiB since the start, {watch.PeakHeap / 1_024:#,0} KiB at most, garbage included; "
            + $"{watch.PeakPending / 1_024:#,0} KiB waited on one connection at most.");

        List<string> complaints = [.. audit.Violations];
        Require(growth <= MaxGrowth, $"The heap has grown by {growth} bytes; {MaxGrowth} are allowed.");
        Require(watch.PeakPending <= terms.HardLimit, $"{watch.PeakPending} bytes waited on one connection; {terms.HardLimit} are allowed.");
        var dropped = (Counted: stage.Clients.Sum(client => client.Dropped), Told: accounts.Sum(account => account.Dropped));
        Require(dropped.Counted == dropped.Told, $"Brokers have counted {dropped.Counted} dropped messages, and their connections {dropped.Told}.");
        complaints.ForEach(Console.WriteLine);
        Console.WriteLine(complaints.Count == 0 ? "All is accounted for." : $"{complaints.Count} complaints.");
        return complaints.Count == 0 ? 0 : 1;

        void Require(bool holds, string complaint)
        {
            if (!holds)
            {
                complaints.Add(complaint);
            }
        }
    }
}
