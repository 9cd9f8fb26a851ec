using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The shop of three services: a whole day, and days that end before their time.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed partial class MicroservicesTests
{
    [Test]
    public async Task A_day_with_a_stock_that_is_killed_loses_nothing()
    {
        // Long enough for orders to be open when stock is killed, though the dashboard may be up seconds later than the others.
        var start = Programs.Sample("Microservices");
        start.Environment["Orders"] = "500";
        var ended = await Programs.RunAsync(start);
        var lines = ended.Output.TrimEnd().Split(Environment.NewLine);
        var killed = Array.IndexOf(lines, "starter   | kills stock.");
        var restarted = Array.IndexOf(lines, "starter   | starts stock again.");
        Assert.That((ended.ExitCode, killed >= 0, restarted > killed), Is.EqualTo((0, true, true)), ended.Output + ended.Errors);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Errors, Is.Empty);
            Assert.That(lines[^1], Is.EqualTo("dashboard | 500 orders: 500 confirmed, 500 in the books of stock, 0 twice, 0 lost; 0 of 3 levels wrong."));
            Assert.That(lines[restarted..], Has.Some.StartsWith("stock     | Open, with ").And.None.EqualTo("stock     | Open, with 0 reservations in the books."));
            Assert.That(lines[killed..], Has.Some.StartsWith("orders    | Stock is gone: "));
            Assert.That(lines[killed..], Has.Some.Match("orders    . Order [0-9]+ was open: stock may have heard of it, and is asked again."));
            Assert.That(lines[killed..], Has.Some.Match("stock     . Order [0-9]+ is in the books already"));
            Assert.That(Waiting().Matches(string.Join('\n', lines[restarted..])).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)), Has.One.Positive);
            Assert.That(lines[killed..], Has.One.EqualTo("dashboard | Stock is gone: its levels may be outdated."));
            Assert.That(lines[restarted..].Count(line => line.StartsWith("dashboard | The subscription is back: ", StringComparison.Ordinal)), Is.EqualTo(3));
        }
    }

    [TestCase("INT", 130)]
    [TestCase("TERM", 130)]
    [TestCase("KILL", 137)]
    public async Task No_service_outlives_the_starter(string signal, int exitCode)
    {
        if (!Programs.Exists("pgrep") && Environment.GetEnvironmentVariable("CI") != "true")
        {
            // As with the other programs that tests run: .ci/run sees to it that it is there.
            Assert.Ignore("There is no pgrep on this machine to find the services with.");
        }

        using var starter = Process.Start(Programs.Sample("Microservices"))!;
        var errors = starter.StandardError.ReadToEndAsync();
        while (await starter.StandardOutput.ReadLineAsync().WaitAsync(Patience.Long) is { } line && !line.StartsWith("stock ", StringComparison.Ordinal))
        {
            // They come up in any order.
        }

        // The first may be up before the last has been started.
        using var patience = new CancellationTokenSource(Patience.Long);
        string[] ids;
        do
        {
            patience.Token.ThrowIfCancellationRequested();
            ids = (await Programs.RunAsync(Programs.Command("pgrep", "-P", $"{starter.Id}"))).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        while (ids.Length < 3);

        var children = Array.ConvertAll(ids, id => Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture)));
        await Programs.SignalAsync(starter, signal);
        var ended = await Programs.EndAsync(starter, errors);
        Assert.That((ended.ExitCode, children.Length), Is.EqualTo((exitCode, 3)));
        foreach (var child in children)
        {
            await child.WaitForExitAsync().WaitAsync(Patience.Long);
            child.Dispose();
        }
    }

    [Test]
    public async Task A_service_that_ends_by_itself_ends_the_day_and_is_named()
    {
        // The starter hands its environment down, and this is no number of orders.
        var start = Programs.Sample("Microservices");
        start.Environment["Orders"] = "many";
        var ended = await Programs.RunAsync(start);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("The service orders has ended with "));
        }
    }

    [TestCase("tea")]
    [TestCase("stock", "tea")]
    [TestCase("--help")]
    public async Task Wrong_arguments_print_usage_to_stderr_and_exit_with_2(params string[] args)
    {
        var ended = await Programs.RunAsync(Programs.Sample("Microservices", args));
        Assert.That((ended.ExitCode, ended.Output), Is.EqualTo((2, "")));
        Assert.That(ended.Errors, Does.StartWith("Usage: "));
    }

    [GeneratedRegex("orders    . Stock is there; ([0-9]+) requests have waited for it.")]
    private static partial Regex Waiting();
}
