namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>What a client asks for. <see cref="UpgradeRequestWriter"/> checks it.</summary>
public sealed class UpgradeRequest
{
    /// <summary>The target in origin-form, percent-encoded, with the query if there is one (RFC 9112 §3.2.1). By default <c>/</c>.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The value of Host: a name or address with an optional port, such as <c>localhost:5000</c> (RFC 9110 §7.2).</summary>
    public required string Host { get; init; }

    /// <summary>The media types to ask for, the preferred one first, without parameters or wildcards; at least one, at most 100.</summary>
    public required IReadOnlyList<string> Accept { get; init; }

    /// <summary>How long this client waits for bytes before it gives up: whole milliseconds from 100 ms to 1 h. By default not sent.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The largest payload in bytes that this client accepts, at least 1. By default not sent.</summary>
    public uint? MaxMessageSize { get; init; }

    /// <summary>Further header fields, such as <c>Authorization</c>. By default none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Fields { get; init; } = [];

    internal UpgradeRequest WithFields(IReadOnlyList<KeyValuePair<string, string>> fields) => new()
    {
        Path = Path,
        Host = Host,
        Accept = Accept,
        Timeout = Timeout,
        MaxMessageSize = MaxMessageSize,
        Fields = fields,
    };
}
