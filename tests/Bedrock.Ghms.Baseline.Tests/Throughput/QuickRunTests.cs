using System.Diagnostics;
using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

/// <summary>The whole program, as somebody starts it; the numbers mean nothing here.</summary>
[CancelAfter(120_000)]
internal sealed class QuickRunTests
{
    [Test]
    public async Task Every_kind_is_measured_at_every_work()
    {
        string output = await RunAsync("run", "--quick", "--fanout", "5");
        Assert.That(output.Split('\n').Count(line => line.StartsWith("| baseline ", StringComparison.Ordinal)), Is.EqualTo(4));
        Assert.That(output, Does.Contain("| baseline-shared "));
        Assert.That(output.Split('\n').Count(line => line.StartsWith("| ghms ", StringComparison.Ordinal)), Is.EqualTo(5));
        Assert.That(output, Does.Match(@"CPU to echo +\|\n.*\n\| ghms .* \d+\.\d+ \[.*\] +\|\n"));
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        string program = typeof(FrameRing).Assembly.Location;
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.Zero);
        return output;
    }
}
