using System.Diagnostics;
using System.Reflection;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>The samples as they were built with these tests.</summary>
internal static class Programs
{
    /// <summary>The folder of the samples' sources.</summary>
    public static string Samples => Find("Samples");

    /// <summary>An EchoServer compiled ahead of time, to be tested instead of the one that was built with these tests.</summary>
    public static string? NativeEchoServer => Environment.GetEnvironmentVariable("NATIVE_ECHO_SERVER");

    /// <summary>How to run the EchoServer as a process of its own, its output redirected.</summary>
    public static ProcessStartInfo EchoServer(params IEnumerable<string> args) =>
        NativeEchoServer is { } native ? Command(native, args) : Sample("EchoServer", args);

    /// <summary>How to run a sample as a process of its own, its output redirected.</summary>
    public static ProcessStartInfo Sample(string name, params IEnumerable<string> args) =>
        Command(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [Find(name), .. args]);

    /// <summary>How to run a command with its output redirected.</summary>
    public static ProcessStartInfo Command(string file, params IEnumerable<string> args) =>
        new(file, args) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };

    /// <summary>Whether a command is on the path.</summary>
    public static bool Exists(string file) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, file)));

    /// <summary>Runs a command to its end.</summary>
    public static async Task<Ended> RunAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience.Long);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        return new Ended(process.ExitCode, await output, await errors);
    }

    private static string Find(string name) =>
        typeof(Programs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == name).Value!;

    /// <summary>What a process left behind.</summary>
    internal sealed record Ended(int ExitCode, string Output, string Errors);

    /// <summary>Sends a signal, such as TERM.</summary>
    public static async Task SignalAsync(Process process, string signal)
    {
        var ended = await RunAsync(Command("/bin/sh", "-c", $"kill -{signal} {process.Id}"));
        Assert.That(ended.ExitCode, Is.Zero, ended.Errors);
    }

    /// <summary>Waits for the end of a process whose errors are being read already.</summary>
    public static async Task<Ended> EndAsync(Process process, Task<string> errors)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience.Long);
        return new Ended(process.ExitCode, await output, await errors);
    }
}
