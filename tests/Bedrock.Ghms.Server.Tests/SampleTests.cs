using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The samples as their reader runs them.</summary>
internal sealed class SampleTests
{
    [Test]
    public async Task Upper_prints_its_ten_lines_in_order()
    {
        var ended = await Programs.RunAsync(Programs.Sample("Upper"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.Zero);
            Assert.That(ended.Errors, Is.Empty);
            Assert.That(
                ended.Output.TrimEnd().Split(Environment.NewLine),
                Is.EqualTo(
                [
                    "Client sends Greeting { Word = Hello }",
                    "Server pipe 0: Trace handles Greeting { Word = Hello }",
                    "Server pipe 1: Upper handles Greeting { Word = Hello }",
                    "Server pipe 2: Trace handles Greeting { Word = HELLO }",
                    "Server handles Greeting { Word = HELLO }",
                    "Server sends Greeting { Word = HELLO World }",
                    "Server pipe 2: Trace sends Greeting { Word = HELLO World }",
                    "Server pipe 1: Upper sends Greeting { Word = HELLO World }",
                    "Server pipe 0: Trace sends Greeting { Word = HELLO World }",
                    "Client handles Greeting { Word = HELLO World }",
                ]));
        }
    }

    [Test]
    public async Task A_script_that_knows_only_the_protocol_talks_to_the_EchoServer()
    {
        if (!Programs.Exists("python3") && Environment.GetEnvironmentVariable("CI") != "true")
        {
            // The tests ask for nothing but the SDK; where they have to prove something, .ci/run sees to it that the script runs.
            Assert.Ignore("There is no python3 on this machine to run the script with.");
        }

        await using var server = await EchoProcess.StartAsync();
        var script = Path.Combine(Programs.Samples, "EchoServer", "client.py");
        var ended = await Programs.RunAsync(Programs.Command("python3", script, $"{server.Port}", "Grüße"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Errors, Is.Empty);
            Assert.That(ended.Output.TrimEnd(), Is.EqualTo("""10 {"Word": "Gr\u00fc\u00dfe"}"""));
            Assert.That(ended.ExitCode, Is.Zero);
        }
    }
}
