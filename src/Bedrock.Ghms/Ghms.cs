namespace Bedrock.Ghms;

/// <summary>The protocol's name, the defaults of a broker, and the codes that the protocol keeps for itself.</summary>
public static class Ghms
{
    /// <summary>The protocol and version named in the <c>Upgrade</c> field: <c>GHMS/0.1</c>.</summary>
    public const string Protocol = "GHMS/0.1";

    /// <summary>The name of the <c>Meter</c> and the <c>ActivitySource</c>: <c>Bedrock.Ghms</c>.</summary>
    public const string TelemetryName = "Bedrock.Ghms";

    /// <summary>How many upgraded connections a server-side broker holds unless told otherwise: 100.</summary>
    public const int MaxConnections = 100;

    /// <summary>The largest payload, in bytes and without the 8-byte header, unless told otherwise: 1,000,000.</summary>
    public const int MaxMessageSize = 1_000_000;

    /// <summary>The size hint, in bytes, of the first span an encoder gets unless told otherwise: 1,024.</summary>
    public const int SendBufferSize = 1_024;

    /// <summary>How long a side waits for bytes before it gives up unless told otherwise: 30 seconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>The code of the heartbeat message unless told otherwise: 1.</summary>
    public const uint HeartbeatCode = 1;

    /// <summary>The code of the Close message: 0.</summary>
    public const uint CloseCode = 0;

    /// <summary>The first of the codes that only extensions may claim: 0xFFFFFF00.</summary>
    public const uint FirstExtensionCode = 0xFFFF_FF00;
}
