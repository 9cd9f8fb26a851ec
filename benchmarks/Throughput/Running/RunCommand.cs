using System.CommandLine;
using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;
using Bedrock.Ghms.Throughput.Reporting;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>Starts the servers, loads them from this process, and prints what came of it.</summary>
internal sealed class RunCommand
{
    private static readonly string[] WorkNames = [.. Enum.GetNames<Work>().Select(name => name.ToLowerInvariant())];

    private readonly Option<string[]> _kinds = Names("--kinds", "The servers to compare.", ServerKinds.Names);
    private readonly Option<string[]> _works = Names("--work", "What they are measured at.", WorkNames);
    private readonly Option<string> _against = new("--against")
    {
        Description = "The kind that ratios are taken to.",
        DefaultValueFactory = _ => ServerKinds.Names[0],
    };

    private readonly Option<int> _rounds = Number("--rounds", "How often each kind is measured.", 5);
    private readonly Option<double> _warmUp = Number("--warmup", "Seconds of load before the first round.", 8.0);
    private readonly Option<double> _seconds = Number("--seconds", "Seconds of load in each round.", 3.0);
    private readonly Option<int> _connections = Number("--connections", "Connections of echo, request and one-way.", 1);
    private readonly Option<int> _inFlight = Number("--in-flight", "Messages under way on each of them.", 1024);
    private readonly Option<int> _fanOut = Number("--fanout", "Subscribers of a fan-out.", 100);
    private readonly Option<int> _window = Number("--window", "Announcements under way at most.", 256);
    private readonly Option<bool> _quick = new("--quick") { Description = "One short round without warm-up: does it work?" };
    private readonly Option<FileInfo?> _json = new("--json") { Description = "A file to write all rounds to." };

    public static Command Create()
    {
        var run = new RunCommand();
        var command = new Command("run", "Measures servers against each other, each in a process of its own.")
        {
            run._kinds, run._works, run._against, run._rounds, run._warmUp, run._seconds, run._connections,
            run._inFlight, run._fanOut, run._window, run._quick, run._json,
        };
        run._against.AcceptOnlyFromAmong(ServerKinds.Names);
        command.SetAction((result, cancellation) => Task.Run(() => run.Run(result, cancellation), cancellation));
        return command;
    }

    private void Run(ParseResult result, CancellationToken cancellation)
    {
        RunOptions options = Read(result);
        Console.WriteLine(Machine.Facts);
        var all = new List<Measured>();

        // What a request costs is a matter of what an echo does, and so their rounds take turns.
        foreach (var works in options.Works.GroupBy(work => work == Work.Request ? Work.Echo : work))
        {
            IReadOnlyList<Measured> measured = Runner.Run(works, options, cancellation);
            foreach (Work work in works)
            {
                Console.WriteLine();
                Console.WriteLine(Report.Table(work, measured, options.Against));
            }

            all.AddRange(measured);
        }

        if (result.GetValue(_json) is { } file)
        {
            JsonReport.Write(file, options, all);
        }
    }

    private RunOptions Read(ParseResult result)
    {
        bool quick = result.GetValue(_quick);
        return new RunOptions(
            result.GetRequiredValue(_kinds),
            [.. result.GetRequiredValue(_works).Select(name => Enum.Parse<Work>(name, ignoreCase: true))],
            result.GetRequiredValue(_against),
            quick ? 1 : result.GetValue(_rounds),
            TimeSpan.FromSeconds(quick ? 0 : result.GetValue(_warmUp)),
            TimeSpan.FromSeconds(quick ? 0.2 : result.GetValue(_seconds)),
            new LoadOptions(
                result.GetValue(_connections),
                result.GetValue(_inFlight),
                result.GetValue(_fanOut),
                result.GetValue(_window)));
    }

    /// <summary>Several of the names, separated by commas.</summary>
    private static Option<string[]> Names(string name, string description, string[] all) => new(name)
    {
        Description = $"{description} Of: {string.Join(',', all)}.",
        DefaultValueFactory = _ => all,
        CustomParser = argument =>
        {
            string[] chosen = argument.Tokens[0].Value.Split(',');
            foreach (string unknown in chosen.Except(all))
            {
                argument.AddError($"'{unknown}' is none of {string.Join(", ", all)}.");
            }

            return chosen;
        },
    };

    private static Option<T> Number<T>(string name, string description, T value)
        where T : struct, IComparable<T>
    {
        var option = new Option<T>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>().CompareTo(default) <= 0)
            {
                result.AddError($"{name} must be positive.");
            }
        });
        return option;
    }
}
