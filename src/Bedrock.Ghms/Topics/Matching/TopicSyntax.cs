using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Bedrock.Ghms.Topics.Matching;

/// <summary>What topics and filters may look like (section 6): 1 to 255 bytes of well-formed UTF-8 without U+0000.</summary>
internal static class TopicSyntax
{
    /// <summary>The most bytes of a topic or a filter.</summary>
    public const int MaxSize = 255;

    /// <summary>What parts the levels. A level may be empty.</summary>
    public const char Separator = '/';

    /// <summary>In a filter: one whole level.</summary>
    public const string AnyLevel = "+";

    /// <summary>In a filter, as its last level: the level above and all below it.</summary>
    public const string AllBelow = "#";

    private static readonly SearchValues<char> Wildcards = SearchValues.Create("+#");

    /// <summary>Whether a leading wildcard passes over this topic or level: those that begin with <c>$</c> are the server's own.</summary>
    public static bool IsHidden(ReadOnlySpan<char> topic) => topic is ['$', ..];

    public static bool IsTopic(ReadOnlySpan<char> topic) => IsText(topic) && !topic.ContainsAny(Wildcards);

    public static bool IsFilter(ReadOnlySpan<char> filter) => IsText(filter) && HasWholeWildcards(filter);

    /// <exception cref="ArgumentException"><paramref name="topic"/> is not a topic.</exception>
    public static void ThrowIfNoTopic(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (!IsTopic(topic))
        {
            throw new ArgumentException("A topic is 1 to 255 bytes of UTF-8 without U+0000, + and #.", nameof(topic));
        }
    }

    /// <exception cref="ArgumentException"><paramref name="filter"/> is not a filter.</exception>
    public static void ThrowIfNoFilter(string filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        if (!IsFilter(filter))
        {
            throw new ArgumentException(
                "A filter is 1 to 255 bytes of UTF-8 without U+0000; + stands alone in its level, # alone in the last one.", nameof(filter));
        }
    }

    /// <summary>Reads a topic off the wire.</summary>
    public static bool TryReadTopic(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out string? topic)
    {
        topic = Read(utf8);
        return topic is not null && !topic.AsSpan().ContainsAny(Wildcards);
    }

    /// <summary>Reads a filter off the wire.</summary>
    public static bool TryReadFilter(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out string? filter)
    {
        filter = Read(utf8);
        return filter is not null && HasWholeWildcards(filter);
    }

    private static string? Read(ReadOnlySpan<byte> utf8) =>
        utf8.Length is >= 1 and <= MaxSize && !utf8.Contains((byte)0) && Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : null;

    private static bool IsText(ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[MaxSize];
        return !text.IsEmpty
            && !text.Contains('\0')
            && Utf8.FromUtf16(text, utf8, out _, out _, replaceInvalidSequences: false) == OperationStatus.Done;
    }

    private static bool HasWholeWildcards(ReadOnlySpan<char> filter)
    {
        foreach (var range in filter.Split(Separator))
        {
            var level = filter[range];
            if (level.ContainsAny(Wildcards) && level is not AnyLevel && (level is not AllBelow || range.End.Value != filter.Length))
            {
                return false;
            }
        }

        return true;
    }
}
