using System.Globalization;

namespace Bedrock.Ghms.Throughput.Reporting;

internal readonly record struct Ratio(double Median, double Low, double High)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Median:0.00} [{Low:0.00}..{High:0.00}]");
}
