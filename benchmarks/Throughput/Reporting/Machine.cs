using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Throughput.Reporting;

/// <summary>What one has to know of the machine to read the numbers, and what all servers have in common.</summary>
internal static class Machine
{
    private const string ProcessorInfo = "/proc/cpuinfo";

    public static string Facts(bool serverGC) => string.Join(", ",
        RuntimeInformation.OSDescription,
        Processor(),
        RuntimeInformation.OSArchitecture,
        $"{Environment.ProcessorCount} cores",
        RuntimeInformation.FrameworkDescription,
        serverGC ? "server GC" : "workstation GC");

    private static string Processor() => File.Exists(ProcessorInfo)
        && File.ReadLines(ProcessorInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line.Split(':')[1].Trim()
            : "processor unknown";
}
