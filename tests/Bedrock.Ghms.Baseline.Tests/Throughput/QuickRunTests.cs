using System.Diagnostics;
using System.Text.Json;
using Bedrock.Ghms.Throughput;
using Bedrock.Ghms.Throughput.Kinds;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

/// <summary>The whole program, as somebody starts it; the numbers mean nothing here.</summary>
[CancelAfter(120_000)]
internal sealed class QuickRunTests
{
    private static readonly string[] Kinds = ["baseline", "baseline-shared", "ghms", "signalr"];

    [Test]
    public async Task Every_kind_is_measured_at_every_work()
    {
        (int exit, string output, string errors) = await RunAsync(
            "run", "--quick", "--kinds", string.Join(',', Kinds), "--fanout", "3", "--idle", "5", "--many", "20");
        Assert.That(errors, Is.Empty);
        Assert.That(exit, Is.Zero);
        foreach (IServerKind kind in Kinds.Select(ServerKinds.Named))
        {
            int rows = output.Split('\n').Count(line => line.StartsWith($"| {kind.Name} ", StringComparison.Ordinal));
            Assert.That(rows, Is.EqualTo(Enum.GetValues<Work>().Count(kind.Does)), kind.Name);
        }

        Assert.That(output, Does.Match(@"CPU to echo +\|\n.*\n\| ghms .* \d+\.\d+ \[.*\] +\|\n"));
        Assert.That(output, Does.Match(@"\| growth of CPU per delivery.* \| +<= 1.25 \| +\d.*(yes|no) \|"));
    }

    [Test]
    public async Task A_round_of_ping_pong_is_cut_into_turns()
    {
        string file = Path.GetTempFileName();
        try
        {
            (int exit, _, string errors) = await RunAsync("run", "--quick", "--kinds", "baseline,ghms", "--work", "pingpong", "--json", file);
            Assert.That(errors, Is.Empty);
            Assert.That(exit, Is.Zero);
            using JsonDocument report = JsonDocument.Parse(await File.ReadAllBytesAsync(file));
            foreach (JsonElement measured in report.RootElement.GetProperty("measured").EnumerateArray())
            {
                JsonElement[] turns = [.. measured.GetProperty("rounds").EnumerateArray()];
                Assert.That(turns, Has.Length.EqualTo(12));
                Assert.That(turns.Select(turn => turn.GetProperty("p50").GetDouble()), Is.All.Positive);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestCase("run", "--kinds", "nobody")]
    [TestCase("run", "--work", "sleep")]
    [TestCase("run", "--rounds", "0")]
    [TestCase("run", "--gc", "none")]
    [TestCase("walk")]
    public async Task Wrong_arguments_are_refused(params string[] arguments)
    {
        (int exit, _, string errors) = await RunAsync(arguments);
        Assert.That(exit, Is.Not.Zero);
        Assert.That(errors, Is.Not.Empty);
    }

    private static async Task<(int Exit, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        string program = typeof(Work).Assembly.Location;
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }
}
