using System.Runtime;
using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Throughput.Reporting;

/// <summary>What one has to know of the machine to read the numbers; the servers run under the same settings.</summary>
internal static class Machine
{
    public static string Facts { get; } = string.Join(", ",
        RuntimeInformation.OSDescription,
        RuntimeInformation.OSArchitecture,
        $"{Environment.ProcessorCount} cores",
        RuntimeInformation.FrameworkDescription,
        GCSettings.IsServerGC ? "server GC" : "workstation GC");
}
