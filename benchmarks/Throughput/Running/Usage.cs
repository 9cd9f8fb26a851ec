using System.Globalization;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>What a server has spent since it started, in one line of text between the two processes.</summary>
/// <param name="CpuMicroseconds">The time of all processors.</param>
/// <param name="AllocatedBytes">Not a number where there is no managed heap.</param>
/// <param name="Handled">How many messages it has received by its own count, if it has one.</param>
internal readonly record struct Usage(double CpuMicroseconds, double AllocatedBytes, long? Handled)
{
    public static Usage Now(long? handled) => new(
        Environment.CpuUsage.TotalTime.TotalMicroseconds,
        GC.GetTotalAllocatedBytes(),
        handled);

    public static Usage Parse(string line)
    {
        string[] parts = line.Split(' ');
        return new Usage(
            double.Parse(parts[0], CultureInfo.InvariantCulture),
            double.Parse(parts[1], CultureInfo.InvariantCulture),
            parts[2].Length == 0 ? null : long.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    public static Usage operator -(Usage after, Usage before) => new(
        after.CpuMicroseconds - before.CpuMicroseconds,
        after.AllocatedBytes - before.AllocatedBytes,
        after.Handled - before.Handled);

    public string ToLine() =>
        string.Create(CultureInfo.InvariantCulture, $"{CpuMicroseconds} {AllocatedBytes} {Handled}");
}
