using System.CommandLine;
using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;
using Bedrock.Ghms.Throughput.Reporting;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>Starts the servers, loads them from this process, and prints what came of it.</summary>
internal sealed class RunCommand
{
    private const string Server = "server";
    private const string Workstation = "workstation";

    private static readonly string[] WorkNames = [.. Enum.GetNames<Work>().Select(name => name.ToLowerInvariant())];

    private readonly Option<string[]> _kinds = Arguments.Names("--kinds", "The servers to compare.", ServerKinds.Names);
    private readonly Option<string[]> _works = Arguments.Names("--work", "What they are measured at.", WorkNames);
    private readonly Option<string?> _against = new("--against")
    {
        Description = "The kind that ratios are taken to; if not given, hand-written code, and at fan-outs the fastest such.",
    };

    private readonly Option<int> _rounds = Arguments.Number("--rounds", "How often each kind is measured.", 5);
    private readonly Option<double> _warmUp = Arguments.Number("--warmup", "Seconds of load before the first round.", 8.0);
    private readonly Option<double> _seconds = Arguments.Number("--seconds", "Seconds of load in each round.", 1.2);
    private readonly Option<int> _connections = Arguments.Number("--connections", "Connections of echo, request and one-way.", 1);
    private readonly Option<int> _inFlight = Arguments.Number("--in-flight", "Messages under way on each of them.", 1024);
    private readonly Option<int> _fanOut = Arguments.Number("--fanout", "Subscribers of a fan-out.", 100);
    private readonly Option<int> _window = Arguments.Number("--window", "Announcements under way at most.", 256);
    private readonly Option<int> _idle = Arguments.Number("--idle", "Idle connections.", 2_000);
    private readonly Option<int> _many = Arguments.Number("--many", "Connections that growth goes up to.", 10_000);
    private readonly Option<string> _gc = new("--gc")
    {
        Description = $"The garbage collector of all .NET servers: {Server}, as a web application has it, or {Workstation}.",
        DefaultValueFactory = _ => Server,
    };

    private readonly Option<bool> _quick = new("--quick")
    {
        Description = "One short round without warm-up, and fewer connections: does it work?",
    };

    private readonly Option<FileInfo?> _json = new("--json") { Description = "A file to write all rounds to." };

    public static Command Create()
    {
        var run = new RunCommand();
        var command = new Command("run", "Measures servers against each other, each in a process of its own.")
        {
            run._kinds, run._works, run._against, run._rounds, run._warmUp, run._seconds, run._connections, run._inFlight,
            run._fanOut, run._window, run._idle, run._many, run._gc, run._quick, run._json,
        };
        run._against.AcceptOnlyFromAmong(ServerKinds.Names);
        run._gc.AcceptOnlyFromAmong(Server, Workstation);
        command.SetAction((result, cancellation) => Task.Run(() => run.Run(result, cancellation), cancellation));
        return command;
    }

    private int Run(ParseResult result, CancellationToken cancellation)
    {
        RunOptions options = Read(result);
        var runner = new Runner(options, cancellation);
        Console.WriteLine(Machine.Facts(options.ServerGC));
        var all = new List<Measured>();

        // What a request costs is a matter of what an echo does, and a relay, or a reader that stalls, of what a fan-out does: their rounds take turns.
        foreach (var works in options.Works.GroupBy(work => work switch
        {
            Work.Request => Work.Echo,
            Work.Relay or Work.Stalled => Work.FanOut,
            _ => work,
        }))
        {
            IReadOnlyList<Measured> measured = runner.Run(works);
            foreach (Work work in works.Where(work => measured.Any(its => its.Work == work)))
            {
                string against = result.GetValue(_against) ?? (work.IsFanOut ? "baseline-shared" : "baseline");
                Print(Report.Table(work, measured, against));
            }

            all.AddRange(measured);
        }

        Print(Goal.Table(all));
        if (result.GetValue(_json) is { } file)
        {
            JsonReport.Write(file, options, all);
        }

        return Succeeded(runner, all) ? 0 : 1;
    }

    private static bool Succeeded(Runner runner, List<Measured> all)
    {
        foreach (string failure in runner.Failures)
        {
            Console.Error.WriteLine(failure);
        }

        if (all.Count == 0 && runner.Failures.Count == 0)
        {
            Console.Error.WriteLine("None of these kinds does any of these works.");
        }

        return all.Count > 0 && runner.Failures.Count == 0;
    }

    private static void Print(string? table)
    {
        if (table is not null)
        {
            Console.WriteLine();
            Console.WriteLine(table);
        }
    }

    private RunOptions Read(ParseResult result)
    {
        bool quick = result.GetValue(_quick);
        return new RunOptions(
            Available(result.GetRequiredValue(_kinds)),
            [.. result.GetRequiredValue(_works).Select(name => Enum.Parse<Work>(name, ignoreCase: true))],
            quick ? 1 : result.GetValue(_rounds),
            TimeSpan.FromSeconds(quick ? 0 : result.GetValue(_warmUp)),
            TimeSpan.FromSeconds(quick ? 0.1 : result.GetValue(_seconds)),
            result.GetRequiredValue(_gc) == Server,
            new LoadOptions(
                result.GetValue(_connections),
                result.GetValue(_inFlight),
                AtMost(_fanOut, 20),
                result.GetValue(_window),
                AtMost(_idle, 100),
                AtMost(_many, 500)));

        int AtMost(Option<int> option, int whenQuick) =>
            quick ? Math.Min(result.GetValue(option), whenQuick) : result.GetValue(option);
    }

    private static string[] Available(IReadOnlyList<string> names)
    {
        IServerKind[] kinds = [.. names.Select(ServerKinds.Named)];
        foreach (IServerKind kind in kinds.Where(kind => kind.Missing is not null))
        {
            Console.WriteLine($"Without {kind.Name}: {kind.Missing}");
        }

        return [.. kinds.Where(kind => kind.Missing is null).Select(kind => kind.Name)];
    }
}
