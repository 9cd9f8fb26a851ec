using System.Diagnostics;
using System.Reflection;

namespace Bedrock.Ghms.BedrockFramework.Tests;

/// <summary>The sample as its reader runs it.</summary>
internal sealed class SampleTests
{
    [Test]
    public async Task BedrockClient_speaks_over_Bedrock_and_frame_by_frame()
    {
        var program = typeof(SampleTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "BedrockClient").Value!;
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().InTime();
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        Assert.That(
            (await output).TrimEnd().Split(Environment.NewLine),
            Is.EqualTo(
            [
                "A client over Bedrock: Greeting { Word = Hello World }",
                """Frame by frame: 10 {"Word":"Hello World"}""",
                "The server has ended the connection.",
            ]));
    }
}
