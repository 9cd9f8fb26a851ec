using Bedrock.Ghms.Settings;

namespace Bedrock.Ghms.Broker;

/// <summary>The settings of a broker. They are checked and copied when it starts; later changes have no effect.</summary>
public sealed class GhmsBrokerOptions
{
    /// <summary>How many upgraded connections a server-side broker holds; started (client) connections do not count. Default 100.</summary>
    public int MaxConnections { get; set; } = Ghms.MaxConnections;

    /// <summary>How many of these connections may come from one remote IP address. Unlimited by default.</summary>
    /// <remarks>An IPv4 address counts as the same one when it is mapped into IPv6. Peers without an IP address, as on a Unix socket, are not counted.</remarks>
    public int MaxConnectionsPerAddress { get; set; } = int.MaxValue;

    /// <summary>The largest payload that is sent or accepted, in bytes without the header. Default 1,000,000.</summary>
    public int MaxMessageSize { get; set; } = Ghms.MaxMessageSize;

    /// <summary>The size hint for the first span an encoder gets, in bytes. Default 1,024.</summary>
    public int SendBufferSize { get; set; } = Ghms.SendBufferSize;

    /// <summary>How long to wait for bytes from the peer, and for room to send, before giving up: whole milliseconds, 100 ms to 1 hour. Default 30 seconds.</summary>
    public TimeSpan Timeout { get; set; } = Ghms.Timeout;

    /// <summary>The code of the heartbeat message; the same on both sides. Default 1.</summary>
    public uint HeartbeatCode { get; set; } = Ghms.HeartbeatCode;

    /// <summary>How many bytes are read ahead on a connection while a handler is pending. One message may always wait. Default 262,144.</summary>
    public int LookAhead { get; set; } = 262_144;

    /// <summary>When to come back: the hint that the Close 1001 of a server that stops and its refusals with 503 carry, in whole seconds up to
    /// 99,999, rounded up. Default none: peers come back when they please, after a refusal in 5 seconds.</summary>
    public TimeSpan? RetryAfter { get; set; }

    /// <summary>How much may wait for one connection.</summary>
    public OutboundOptions Outbound { get; } = new();

    /// <summary>How unfinished upgrades are treated.</summary>
    public UpgradeOptions Upgrade { get; } = new();

    internal SettingSources Sources { get; } = new();

    internal GhmsBrokerOptions Copy()
    {
        var copy = new GhmsBrokerOptions
        {
            MaxConnections = MaxConnections,
            MaxConnectionsPerAddress = MaxConnectionsPerAddress,
            MaxMessageSize = MaxMessageSize,
            SendBufferSize = SendBufferSize,
            Timeout = Timeout,
            HeartbeatCode = HeartbeatCode,
            LookAhead = LookAhead,
            RetryAfter = RetryAfter,
            Outbound =
            {
                SoftLimit = Outbound.SoftLimit,
                HardLimit = Outbound.HardLimitFor(MaxMessageSize),
                SoftLimitTime = Outbound.SoftLimitTime,
                PaceBySlowest = Outbound.PaceBySlowest,
            },
            Upgrade =
            {
                HeaderTimeout = Upgrade.HeaderTimeout,
                AdmissionTimeout = Upgrade.AdmissionTimeout,
                MaxPending = Upgrade.MaxPending,
            },
        };
        foreach (var name in Upgrade.KeptHeaders)
        {
            copy.Upgrade.KeptHeaders.Add(name);
        }

        return copy;
    }
}
