namespace Bedrock.Ghms.Tests.Topics.Matching;

/// <summary>Whether a filter matches a topic, said as plainly as can be: what the index is compared with.</summary>
internal static class NaiveMatcher
{
    public static bool Matches(string filter, string topic)
    {
        var (wanted, levels) = (filter.Split('/'), topic.Split('/'));
        if (topic.StartsWith('$') && (wanted[0] is "+" or "#"))
        {
            return false;
        }

        for (var i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] == "#")
            {
                return levels.Length >= i;
            }

            if (i == levels.Length || (wanted[i] != "+" && wanted[i] != levels[i]))
            {
                return false;
            }
        }

        return wanted.Length == levels.Length;
    }
}
