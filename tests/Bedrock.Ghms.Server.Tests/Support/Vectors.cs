using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Reads the test vectors.</summary>
internal static class Vectors
{
    public static JsonArray Load(string file, string list) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", file)))![list]!.AsArray();

    /// <summary>A text that may be given in pieces, some of them repeated.</summary>
    public static string Text(JsonNode node) => node switch
    {
        JsonArray pieces => string.Concat(pieces.Select(piece => Text(piece!))),
        JsonObject piece => new StringBuilder().Insert(0, (string)piece["repeat"]!, (int)piece["count"]!).ToString(),
        _ => (string)node!,
    };

    public static byte[] Bytes(JsonNode node) => Convert.FromHexString(Text(node));

    /// <summary>Plays every case, many at a time.</summary>
    /// <returns>What went wrong, with the name of its case.</returns>
    public static async Task<IReadOnlyList<string>> PlayAsync(IEnumerable<JsonNode> cases, Func<JsonNode, Task> play, int atOnce = 32)
    {
        var failures = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (@case, _) =>
        {
            try
            {
                await play(@case);
            }
            catch (Exception exception)
            {
                failures.Add(string.Create(CultureInfo.InvariantCulture, $"{@case["name"]}: {exception.Message}"));
            }
        });
        return [.. failures.Order()];
    }
}
