using System.Globalization;
using System.Text;

namespace Chat;

/// <summary>Makes text of others fit for a terminal.</summary>
internal static class PlainText
{
    /// <summary>Takes out everything that would do something to a terminal instead of being shown on it.</summary>
    public static string Of(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            plain.Append(IsShown(rune) ? rune.ToString() : Rune.ReplacementChar.ToString());
        }

        return plain.ToString();
    }

    // The joiner holds emoji together; all other characters of its category change the direction of text or are not seen at all.
    private static bool IsShown(Rune rune) => rune.Value == 0x200D || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
