using System.Globalization;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>What a server process has spent since it started, in one line of text between the two processes.</summary>
internal readonly record struct Usage(double CpuMicroseconds, long AllocatedBytes, long Handled)
{
    public static Usage Now(long handled) => new(
        Environment.CpuUsage.TotalTime.TotalMicroseconds,
        GC.GetTotalAllocatedBytes(),
        handled);

    public static Usage Parse(string line)
    {
        string[] parts = line.Split(' ');
        return new Usage(
            double.Parse(parts[0], CultureInfo.InvariantCulture),
            long.Parse(parts[1], CultureInfo.InvariantCulture),
            long.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    public static Usage operator -(Usage after, Usage before) => new(
        after.CpuMicroseconds - before.CpuMicroseconds,
        after.AllocatedBytes - before.AllocatedBytes,
        after.Handled - before.Handled);

    public string ToLine() =>
        string.Create(CultureInfo.InvariantCulture, $"{CpuMicroseconds} {AllocatedBytes} {Handled}");
}
