using System.Text.RegularExpressions;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>What README shows is code that compiles: every block of it stands in a ReadmeExamples.cs, here or among the tests of Bedrock.Framework.</summary>
internal sealed partial class ReadmeTests
{
    [Test]
    public void Every_example_of_README_is_compiled()
    {
        var readme = File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "README.md"));
        var compiled = Normalize(string.Concat(Directory.GetFiles(TestContext.CurrentContext.TestDirectory, "*ReadmeExamples.cs").Select(File.ReadAllText)));
        var examples = Example().Matches(readme).Select(match => Normalize(match.Groups[1].Value)).ToList();
        Assert.That(examples, Is.Not.Empty);
        Assert.That(examples.Where(example => !compiled.Contains(example, StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public Task The_example_of_a_test_passes() => ReadmeExamples.ReconnectAsync().WaitAsync(Support.Patience.Long);

    private static string Normalize(string code) => Space().Replace(code, " ").Trim();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
