using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests;

[Parallelizable(ParallelScope.Children)]
internal sealed class ChatOptionsTests
{
    [TestCase]
    [TestCase("a/b")]
    [TestCase("ann", "bob")]
    [TestCase("ann", "--room", "a+b")]
    [TestCase("ann", "--room", "")]
    [TestCase("ann", "--port", "65536")]
    [TestCase("ann-0123456789-0123456789-0123456789")]
    [TestCase("serve", "ann")]
    public async Task Wrong_arguments_print_usage_to_stderr_and_exit_with_2(params string[] args)
    {
        var ended = await Programs.RunAsync(Programs.Sample("Chat", args));
        Assert.That((ended.ExitCode, ended.Output), Is.EqualTo((2, "")));
        Assert.That(ended.Errors, Does.Contain("--room"));
    }
}
