using Bedrock.Ghms.Broker;
using Microsoft.Extensions.Configuration;

namespace Bedrock.Ghms.Server.Configuration;

/// <summary>Finds the section of the configuration that holds a broker's settings.</summary>
internal static class BrokerSection
{
    private const string Root = "Ghms";

    // Where clients have theirs.
    private static readonly string[] OfClients = ["Client", "Clients"];

    /// <summary>Reads the section that belongs to a broker by its name.</summary>
    /// <param name="configuration">The application's configuration.</param>
    /// <param name="name">The broker's name.</param>
    /// <param name="brokers">The names of all brokers, whose sections lie inside that of the one without a name.</param>
    /// <param name="options">The settings.</param>
    public static void BindDefault(IConfiguration configuration, string name, IEnumerable<string> brokers, GhmsBrokerOptions options)
    {
        var root = configuration.GetSection(Root);
        var names = brokers.Concat(OfClients).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (name.Length == 0)
        {
            BrokerSettings.Table.Bind(root, options, options.Sources, names);
            return;
        }

        foreach (var section in root.GetChildren())
        {
            if (section.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                Bind(section, options);
            }
            else if (!names.Contains(section.Key) && !names.Contains(""))
            {
                options.Sources.Failures.Add($"{section.Path} belongs to no GHMS broker.");
            }
        }
    }

    /// <summary>Reads the settings in <paramref name="section"/>.</summary>
    public static void Bind(IConfigurationSection section, GhmsBrokerOptions options) => BrokerSettings.Table.Bind(section, options, options.Sources);
}
