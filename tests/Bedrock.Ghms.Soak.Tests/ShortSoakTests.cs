using System.Diagnostics;

namespace Bedrock.Ghms.Soak.Tests;

/// <summary>The soak as somebody starts it, for a few seconds.</summary>
[CancelAfter(180_000)]
internal sealed class ShortSoakTests
{
    [Test]
    public async Task A_short_soak_accounts_for_everything()
    {
        var (exit, output, errors) = await RunAsync("run", "--seconds", "15", "--seed", "1");
        Assert.That(errors, Is.Empty);
        Assert.That(exit, Is.Zero, output);
        Assert.That(output, Does.Contain("| Send | ").And.Contain("| Kill | ").And.Contain("All is accounted for."));
    }

    [Test]
    public async Task Wrong_arguments_are_refused()
    {
        var (exit, _, errors) = await RunAsync("run", "--seconds", "a few");
        Assert.That(exit, Is.Not.Zero);
        Assert.That(errors, Is.Not.Empty);
    }

    private static async Task<(int Exit, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var cancellation = TestContext.CurrentContext.CancellationToken;
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(Stage).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            var output = await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, output, await errors);
        }
        catch (OperationCanceledException)
        {
            // Its servers end with their input.
            process.Kill();
            throw;
        }
    }
}
