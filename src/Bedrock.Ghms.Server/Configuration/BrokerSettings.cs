using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Bedrock.Ghms.Broker;
using Microsoft.Extensions.Configuration;

namespace Bedrock.Ghms.Server.Configuration;

/// <summary>The settings that a configuration may hold. They are listed rather than found by reflection, for the sake of trimming and of the messages.</summary>
internal static class BrokerSettings
{
    private static readonly Dictionary<string, BrokerSetting> Known = new BrokerSetting[]
    {
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
        new("Upgrade.KeptHeaders", "a list of names", TrySetKeptHeaders),
    }.ToDictionary(setting => setting.Name, StringComparer.OrdinalIgnoreCase);

    public static bool IsGroup(string name) =>
        name.Equals("Outbound", StringComparison.OrdinalIgnoreCase) || name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase);

    public static bool TryFind(string name, [NotNullWhen(true)] out BrokerSetting? setting) => Known.TryGetValue(name, out setting);

    private static BrokerSetting Parsed<T>(string name, Action<GhmsBrokerOptions, T> set, string kind = "a whole number")
        where T : struct, IParsable<T> => new(name, kind, (options, section) =>
        {
            var isParsed = T.TryParse(section.Value, CultureInfo.InvariantCulture, out var value);
            if (isParsed)
            {
                set(options, value);
            }

            return isParsed;
        });

    // Without a colon a number would be taken for days.
    private static BrokerSetting Time(string name, Action<GhmsBrokerOptions, TimeSpan> set) => new(name, "a time such as 00:00:30", (options, section) =>
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

    private static bool TrySetKeptHeaders(GhmsBrokerOptions options, IConfigurationSection section)
    {
        var names = section.GetChildren().Select(child => child.Value).OfType<string>().ToList();
        names.ForEach(options.Upgrade.KeptHeaders.Add);
        return names.Count > 0;
    }
}
