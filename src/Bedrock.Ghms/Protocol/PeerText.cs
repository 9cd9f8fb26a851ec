using System.Globalization;
using System.Text;

namespace Bedrock.Ghms.Protocol;

/// <summary>Makes text of the peer fit for exception messages and logs.</summary>
internal static class PeerText
{
    /// <summary>How much of a text is shown unless told otherwise.</summary>
    public const int DefaultCap = 200;

    /// <summary>Writes everything but printable ASCII, and the backslash, as escapes, and cuts the result.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="cap">The most characters of the result, the mark of the cut (<c>...</c>) not counted.</param>
    public static string Escape(string text, int cap = DefaultCap)
    {
        var result = new StringBuilder(Math.Min(text.Length, cap) + 3);
        foreach (var c in text)
        {
            var shown = c switch
            {
                '\\' => @"\\",
                '\r' => @"\r",
                '\n' => @"\n",
                '\t' => @"\t",
                >= ' ' and <= '~' => null,
                _ => string.Create(CultureInfo.InvariantCulture, $@"\u{(int)c:X4}"),
            };

            if (result.Length + (shown?.Length ?? 1) > cap)
            {
                return result.Append("...").ToString();
            }

            _ = shown is null ? result.Append(c) : result.Append(shown);
        }

        return result.ToString();
    }
}
