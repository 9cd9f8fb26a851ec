using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Throughput.Reporting;

/// <summary>What one has to know of the machine to read the numbers, and what all servers have in common.</summary>
internal static class Machine
{
    public static string Facts(bool serverGC) => string.Join(", ",
        RuntimeInformation.OSDescription,
        RuntimeInformation.OSArchitecture,
        $"{Environment.ProcessorCount} cores",
        RuntimeInformation.FrameworkDescription,
        serverGC ? "server GC" : "workstation GC");
}
