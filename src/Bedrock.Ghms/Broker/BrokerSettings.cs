using Bedrock.Ghms.Settings;
using Microsoft.Extensions.Configuration;
using static Bedrock.Ghms.Settings.Setting<Bedrock.Ghms.Broker.GhmsBrokerOptions>;

namespace Bedrock.Ghms.Broker;

/// <summary>The settings of a broker that a configuration may hold.</summary>
internal static class BrokerSettings
{
    public static SettingTable<GhmsBrokerOptions> Table { get; } = new(
        "a GHMS broker",
        Parsed<int>("MaxConnections", (options, value) => options.MaxConnections = value),
        Parsed<int>("MaxConnectionsPerAddress", (options, value) => options.MaxConnectionsPerAddress = value),
        Parsed<int>("MaxMessageSize", (options, value) => options.MaxMessageSize = value),
        Parsed<int>("SendBufferSize", (options, value) => options.SendBufferSize = value),
        Time("Timeout", (options, value) => options.Timeout = value),
        Parsed<uint>("HeartbeatCode", (options, value) => options.HeartbeatCode = value),
        Parsed<int>("LookAhead", (options, value) => options.LookAhead = value),
        Time("RetryAfter", (options, value) => options.RetryAfter = value),
        Parsed<long>("Outbound.SoftLimit", (options, value) => options.Outbound.SoftLimit = value),
        Parsed<long>("Outbound.HardLimit", (options, value) => options.Outbound.HardLimit = value),
        Time("Outbound.SoftLimitTime", (options, value) => options.Outbound.SoftLimitTime = value),
        Parsed<bool>("Outbound.PaceBySlowest", (options, value) => options.Outbound.PaceBySlowest = value, "true or false"),
        Time("Upgrade.HeaderTimeout", (options, value) => options.Upgrade.HeaderTimeout = value),
        Time("Upgrade.AdmissionTimeout", (options, value) => options.Upgrade.AdmissionTimeout = value),
        Parsed<int>("Upgrade.MaxPending", (options, value) => options.Upgrade.MaxPending = value),
        new Setting<GhmsBrokerOptions>("Upgrade.KeptHeaders", "a list of names", TrySetKeptHeaders));

    private static bool TrySetKeptHeaders(GhmsBrokerOptions options, IConfigurationSection section)
    {
        var names = section.GetChildren().Select(child => child.Value).OfType<string>().ToList();
        names.ForEach(options.Upgrade.KeptHeaders.Add);
        return names.Count > 0;
    }
}
