using System.Text;
using System.Text.Json;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>The test vectors, in the conventions of their README.</summary>
internal static class Vectors
{
    /// <summary>One test case for each element of a list, named as the element is.</summary>
    public static IEnumerable<TestCaseData> Cases(string file, string list, Func<JsonElement, bool>? where = null)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", file)));
        foreach (var element in document.RootElement.GetProperty(list).EnumerateArray())
        {
            if (where is null || where(element))
            {
                yield return new TestCaseData(element.Clone()).SetArgDisplayNames(element.GetProperty("name").GetString()!);
            }
        }
    }

    /// <summary>A text, or the pieces of one.</summary>
    public static string Text(this JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString()!;
        }

        var text = new StringBuilder();
        foreach (var piece in value.EnumerateArray())
        {
            _ = piece.ValueKind == JsonValueKind.String
                ? text.Append(piece.GetString())
                : text.Insert(text.Length, piece.GetProperty("repeat").GetString()!, piece.GetProperty("count").GetInt32());
        }

        return text.ToString();
    }

    /// <summary>The bytes of a text that has one character for each.</summary>
    public static byte[] Latin1(this JsonElement value) => Encoding.Latin1.GetBytes(value.Text());

    /// <summary>The bytes of a hexadecimal text.</summary>
    public static byte[] Hex(this JsonElement value) => Convert.FromHexString(value.Text());

    public static string? StringOrNull(this JsonElement value, string name) =>
        value.TryGetProperty(name, out var property) ? property.GetString() : null;
}
