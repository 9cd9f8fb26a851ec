using System.Text.Json;
using System.Text.Json.Serialization;
using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Throughput.Reporting;

/// <summary>Every round, for whoever wants other statistics than the table's.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static void Write(FileInfo file, RunOptions options, IReadOnlyList<Measured> measured)
    {
        using FileStream stream = file.Create();
        JsonSerializer.Serialize(stream, new { Machine = Machine.Facts(options.ServerGC), Options = options, Measured = measured }, Format);
    }
}
