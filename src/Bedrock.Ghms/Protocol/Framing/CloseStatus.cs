namespace Bedrock.Ghms.Protocol.Framing;

/// <summary>Why a connection was closed. The numbers are those of RFC 6455 §7.4, so that nobody has to learn new ones.</summary>
/// <remarks>An application may use any other value from 1000 up, except 1005, 1006 and 1015, which never go over the wire.</remarks>
public enum CloseStatus : ushort
{
    /// <summary>No status: the connection ended without a Close.</summary>
    None = 0,

    /// <summary>1000: the work is done.</summary>
    Normal = 1000,

    /// <summary>1001: the side shuts down, or heard nothing for its time-out.</summary>
    GoingAway = 1001,

    /// <summary>1002: the peer broke the protocol.</summary>
    ProtocolError = 1002,

    /// <summary>1003: a message arrived whose code is not registered.</summary>
    UnknownMessageCode = 1003,

    /// <summary>1007: a payload could not be decoded.</summary>
    InvalidPayload = 1007,

    /// <summary>1008: refused by policy, such as a consumer that is too slow.</summary>
    PolicyViolation = 1008,

    /// <summary>1009: a message is larger than the receiver accepts.</summary>
    MessageTooBig = 1009,

    /// <summary>1011: a message handler failed.</summary>
    HandlerFailed = 1011,

    /// <summary>1013: overloaded for now; try again later.</summary>
    TryAgainLater = 1013,
}
