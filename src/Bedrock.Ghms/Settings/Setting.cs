using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Bedrock.Ghms.Settings;

/// <summary>How one setting is read.</summary>
/// <typeparam name="TOptions">The options it belongs to.</typeparam>
/// <param name="Name">Its name, with a dot after its group.</param>
/// <param name="Kind">What its value has to be, for messages.</param>
/// <param name="TrySet">Reads it; <see langword="false"/> if the value is something else.</param>
internal sealed record Setting<TOptions>(string Name, string Kind, Func<TOptions, IConfigurationSection, bool> TrySet)
{
    /// <summary>A setting whose type reads itself.</summary>
    public static Setting<TOptions> Parsed<T>(string name, Action<TOptions, T> set, string kind = "a whole number")
        where T : struct, IParsable<T> => new(name, kind, (options, section) =>
        {
            var isParsed = T.TryParse(section.Value, CultureInfo.InvariantCulture, out var value);
            if (isParsed)
            {
                set(options, value);
            }

            return isParsed;
        });

    /// <summary>A setting that is a time. Without a colon a number would be taken for days.</summary>
    public static Setting<TOptions> Time(string name, Action<TOptions, TimeSpan> set) => new(name, "a time such as 00:00:30", (options, section) =>
    {
        var value = TimeSpan.Zero;
        var isTime = section.Value is { } text && text.Contains(':', StringComparison.Ordinal)
            && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value);
        if (isTime)
        {
            set(options, value);
        }

        return isTime;
    });
}
