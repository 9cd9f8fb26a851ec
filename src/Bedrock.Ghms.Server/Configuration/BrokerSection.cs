using Bedrock.Ghms.Broker;
using Microsoft.Extensions.Configuration;

namespace Bedrock.Ghms.Server.Configuration;

/// <summary>Reads a broker's settings from a section of the configuration, key by key, so that each mistake can be named.</summary>
internal static class BrokerSection
{
    private const string Root = "Ghms";

    /// <summary>Reads the section that belongs to a broker by its name.</summary>
    /// <param name="configuration">The application's configuration.</param>
    /// <param name="name">The broker's name.</param>
    /// <param name="brokers">The names of all brokers, whose sections lie inside that of the one without a name.</param>
    /// <param name="options">The settings.</param>
    public static void BindDefault(IConfiguration configuration, string name, IEnumerable<string> brokers, GhmsBrokerOptions options)
    {
        var root = configuration.GetSection(Root);
        var names = brokers.ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (name.Length == 0)
        {
            Bind(root, options, names);
            return;
        }

        foreach (var section in root.GetChildren())
        {
            if (section.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                Bind(section, options, []);
            }
            else if (!names.Contains(section.Key) && !names.Contains(""))
            {
                options.Sources.Failures.Add($"{section.Path} belongs to no GHMS broker.");
            }
        }
    }

    /// <summary>Reads the settings in <paramref name="section"/>.</summary>
    /// <param name="section">The section.</param>
    /// <param name="options">The settings.</param>
    /// <param name="skipped">Keys that belong to somebody else.</param>
    public static void Bind(IConfigurationSection section, GhmsBrokerOptions options, HashSet<string> skipped)
    {
        foreach (var child in section.GetChildren())
        {
            if (!skipped.Contains(child.Key))
            {
                Bind(child, child.Key, options);
            }
        }
    }

    private static void Bind(IConfigurationSection section, string name, GhmsBrokerOptions options)
    {
        if (BrokerSettings.IsGroup(name))
        {
            if (section.Value is { Length: > 0 } value)
            {
                options.Sources.Failures.Add($"{section.Path} must be a section; it is '{value}'.");
            }

            foreach (var child in section.GetChildren())
            {
                Bind(child, $"{name}.{child.Key}", options);
            }
        }
        else if (!BrokerSettings.TryFind(name, out var setting))
        {
            options.Sources.Failures.Add($"{section.Path} is not a setting of a GHMS broker.");
        }
        else if (setting.TrySet(options, section))
        {
            options.Sources.Keys[setting.Name] = section.Path;
        }
        else
        {
            options.Sources.Failures.Add($"{section.Path} must be {setting.Kind}; it is '{section.Value}'.");
        }
    }
}
