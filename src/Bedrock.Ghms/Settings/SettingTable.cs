using Microsoft.Extensions.Configuration;

namespace Bedrock.Ghms.Settings;

/// <summary>The settings that a section of the configuration may hold. They are listed rather than found by reflection, for the sake of trimming and of the messages.</summary>
/// <typeparam name="TOptions">The options they belong to.</typeparam>
/// <param name="owner">Whose settings they are, for messages.</param>
/// <param name="settings">The settings.</param>
internal sealed class SettingTable<TOptions>(string owner, params IEnumerable<Setting<TOptions>> settings)
{
    private readonly Dictionary<string, Setting<TOptions>> _settings = settings.ToDictionary(setting => setting.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Those of the settings that somebody else has too.</summary>
    public SettingTable<TOptions> Only(string owner, params IEnumerable<string> names) => new(owner, names.Select(name => _settings[name]));

    /// <summary>Reads the settings in <paramref name="section"/>, key by key, so that each mistake can be named.</summary>
    /// <param name="section">The section.</param>
    /// <param name="options">The settings.</param>
    /// <param name="sources">What was read from where, and what could not be.</param>
    /// <param name="skipped">Keys that belong to somebody else.</param>
    public void Bind(IConfigurationSection section, TOptions options, SettingSources sources, IReadOnlySet<string>? skipped = null)
    {
        foreach (var child in section.GetChildren())
        {
            if (skipped?.Contains(child.Key) != true)
            {
                Bind(child, child.Key, options, sources);
            }
        }
    }

    private void Bind(IConfigurationSection section, string name, TOptions options, SettingSources sources)
    {
        if (IsGroup(name))
        {
            if (section.Value is { Length: > 0 } value)
            {
                sources.Failures.Add($"{section.Path} must be a section; it is '{value}'.");
            }

            foreach (var child in section.GetChildren())
            {
                Bind(child, $"{name}.{child.Key}", options, sources);
            }
        }
        else if (!_settings.TryGetValue(name, out var setting))
        {
            sources.Failures.Add($"{section.Path} is not a setting of {owner}.");
        }
        else if (setting.TrySet(options, section))
        {
            sources.Keys[setting.Name] = section.Path;
        }
        else
        {
            sources.Failures.Add($"{section.Path} must be {setting.Kind}; it is '{section.Value}'.");
        }
    }

    private bool IsGroup(string name) => _settings.Keys.Any(each => each.StartsWith(name + '.', StringComparison.OrdinalIgnoreCase));
}
