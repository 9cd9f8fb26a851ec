using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Settings;
using Microsoft.Extensions.Configuration;
using static Bedrock.Ghms.Settings.Setting<Bedrock.Ghms.Client.GhmsReconnectOptions>;

namespace Bedrock.Ghms.Client.Hosting;

/// <summary>Reads a client from a section of the configuration: its servers, how it stays connected, and those of its broker's settings that matter to a client.</summary>
internal static class ClientSettings
{
    private const string OfOne = "Ghms:Client";
    private const string OfMany = "Ghms:Clients";
    private const string Owner = "a GHMS client";
    private const string Servers = "Servers";
    private const string Reconnect = "Reconnect";

    private static readonly HashSet<string> NotTheBroker = new(StringComparer.OrdinalIgnoreCase) { Servers, Reconnect };

    private static readonly SettingTable<GhmsBrokerOptions> BrokerTable = BrokerSettings.Table.Only(
        Owner,
        "MaxMessageSize",
        "SendBufferSize",
        "Timeout",
        "HeartbeatCode",
        "LookAhead",
        "Outbound.SoftLimit",
        "Outbound.HardLimit",
        "Outbound.SoftLimitTime",
        "Outbound.PaceBySlowest");

    private static readonly SettingTable<GhmsReconnectOptions> ReconnectTable = new(
        Owner,
        Time("InitialDelay", (options, value) => options.InitialDelay = value),
        Time("MaxDelay", (options, value) => options.MaxDelay = value),
        Time("AttemptTimeout", (options, value) => options.AttemptTimeout = value),
        Parsed<int>("MaxAttempts", (options, value) => options.MaxAttempts = value),
        Parsed<bool>("ShuffleEndPoints", (options, value) => options.ShuffleEndPoints = value, "true or false"),
        Parsed<int>("MaxWaitingSends", (options, value) => options.MaxWaitingSends = value));

    /// <summary>Sets up a client as the section says that belongs to it by its name.</summary>
    /// <param name="configuration">The application's configuration.</param>
    /// <param name="name">The client's name.</param>
    /// <param name="clients">The names of all clients.</param>
    /// <param name="client">The client.</param>
    public static void BindDefault(IConfiguration configuration, string name, IEnumerable<string> clients, GhmsClientBuilder client)
    {
        if (name.Length == 0)
        {
            Bind(configuration.GetSection(OfOne), client);
            return;
        }

        var names = clients.ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var section in configuration.GetSection(OfMany).GetChildren())
        {
            if (section.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                Bind(section, client);
            }
            else if (!names.Contains(section.Key))
            {
                client.Definition.Options.Add((_, options) => options.Sources.Failures.Add($"{section.Path} belongs to no GHMS client."));
            }
        }
    }

    /// <summary>Sets up <paramref name="client"/> as <paramref name="section"/> says; whatever is wrong with it is told when the client is built.</summary>
    public static void Bind(IConfigurationSection section, GhmsClientBuilder client)
    {
        var failures = new List<string>();
        BindServers(section.GetSection(Servers), client, failures);
        var reconnect = section.GetSection(Reconnect);
        if (reconnect.Value is { Length: > 0 } value)
        {
            failures.Add($"{reconnect.Path} must be a section; it is '{value}'.");
        }

        client.UseReconnect((_, options) => ReconnectTable.Bind(reconnect, options, options.Sources));
        client.Definition.Options.Add((_, options) =>
        {
            options.Sources.Failures.AddRange(failures);
            BrokerTable.Bind(section, options, options.Sources, NotTheBroker);
        });
    }

    private static void BindServers(IConfigurationSection section, GhmsClientBuilder client, List<string> failures)
    {
        foreach (var server in section.Value is { Length: > 0 } ? [section] : section.GetChildren())
        {
            if (Uri.TryCreate(server.Value, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps))
            {
                client.ConnectTo(uri);
            }
            else
            {
                failures.Add($"{server.Path} must be an absolute http or https URI; it is '{server.Value}'.");
            }
        }
    }
}
