using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Settings;

namespace Bedrock.Ghms.Broker;

/// <summary>The rules that a broker's settings must meet, checked all at once so that every broken one is listed.</summary>
internal static class BrokerOptionsRules
{
    private static readonly TimeSpan MinTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(1);

    /// <exception cref="GhmsInvalidConfigException">At least one rule is broken.</exception>
    public static void Check(GhmsBrokerOptions options, BrokerDefinition definition, SettingSources sources)
    {
        var failures = new List<string>(sources.Failures);
        var (outbound, upgrade) = (options.Outbound, options.Upgrade);
        Require(options.MaxConnections >= 1, "MaxConnections", $"must be at least 1; it is {options.MaxConnections}");
        Require(options.MaxConnectionsPerAddress >= 1, "MaxConnectionsPerAddress", $"must be at least 1; it is {options.MaxConnectionsPerAddress}");
        Require(options.MaxMessageSize >= 1, "MaxMessageSize", $"must be at least 1 byte; it is {options.MaxMessageSize}");
        Require(options.MaxMessageSize <= Array.MaxLength - FrameHeader.Size, "MaxMessageSize", "must leave room for the header in one array");
        Require(options.SendBufferSize is >= 1 and <= 1_048_576, "SendBufferSize", $"must be 1 to 1,048,576 bytes; it is {options.SendBufferSize}");
        Require(
            options.Timeout >= MinTimeout && options.Timeout <= MaxTimeout, "Timeout", $"must be {MinTimeout} to {MaxTimeout}; it is {options.Timeout}");
        Require(
            options.Timeout.Ticks % TimeSpan.TicksPerMillisecond == 0,
            "Timeout",
            $"must be whole milliseconds, as GHMS-Timeout is; it is {options.Timeout}");
        Require(
            options.HeartbeatCode is > Ghms.CloseCode and < Ghms.FirstExtensionCode,
            "HeartbeatCode",
            $"must be 1 to 0xFFFFFEFF; it is {options.HeartbeatCode}");
        Require(options.LookAhead >= 0, "LookAhead", $"must not be negative; it is {options.LookAhead}");
        Require(
            options.RetryAfter is not { } retryAfter || (retryAfter >= TimeSpan.Zero && retryAfter <= CloseMessage.MaxRetryAfter),
            "RetryAfter",
            $"must be zero to {CloseMessage.MaxRetryAfter}; it is {options.RetryAfter}");
        Require(outbound.SoftLimit >= 1, "Outbound.SoftLimit", $"must be at least 1 byte; it is {outbound.SoftLimit}");
        Require(
            outbound.HardLimit >= outbound.SoftLimit,
            "Outbound.HardLimit",
            $"({outbound.HardLimit}) must not be below {sources.NameOf("Outbound.SoftLimit")} ({outbound.SoftLimit})");
        Require(outbound.SoftLimitTime > TimeSpan.Zero, "Outbound.SoftLimitTime", "must be positive");
        Require(upgrade.HeaderTimeout > TimeSpan.Zero, "Upgrade.HeaderTimeout", "must be positive");
        Require(upgrade.AdmissionTimeout > TimeSpan.Zero, "Upgrade.AdmissionTimeout", "must be positive");
        Require(upgrade.MaxPending >= 1, "Upgrade.MaxPending", $"must be at least 1; it is {upgrade.MaxPending}");
        if (definition.Encodings.Count == 0)
        {
            failures.Add("No encoding is registered that is offered: call AddJson, AddMessagePack or AddBinary.");
        }

        var names = definition.Encodings.Concat(definition.FixedEncodings).SelectMany(encoding => encoding.Names);
        foreach (var name in names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key))
        {
            failures.Add($"Two encodings are named {name}.");
        }

        if (failures.Count > 0)
        {
            throw new GhmsInvalidConfigException(failures);
        }

        void Require(bool holds, string setting, string rule)
        {
            if (!holds)
            {
                failures.Add($"{sources.NameOf(setting)} {rule}.");
            }
        }
    }
}
