namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Why an upgrade request is refused. <see cref="UpgradeRejections"/> gives the status code and the text of each.</summary>
public enum UpgradeRejection
{
    /// <summary>Not refused.</summary>
    None,

    /// <summary>The request line is not <c>method SP target SP HTTP/D.D</c> (RFC 9112 §3).</summary>
    BadRequestLine,

    /// <summary>A CR without LF, or an LF without CR (RFC 9112 §2.2).</summary>
    BareLineEnd,

    /// <summary>The target is not in origin-form (RFC 9112 §3.2.1).</summary>
    BadTarget,

    /// <summary>The request line is longer than 8,192 bytes.</summary>
    RequestLineTooLong,

    /// <summary>A field line is not <c>name: value</c>, is folded, or holds a control character (RFC 9112 §5).</summary>
    BadFieldLine,

    /// <summary>The field lines take more than 32,768 bytes.</summary>
    FieldsTooLarge,

    /// <summary>There are more than 100 fields.</summary>
    TooManyFields,

    /// <summary>The connection ended before the head was complete.</summary>
    Truncated,

    /// <summary>The head was not complete in time.</summary>
    HeaderTimeout,

    /// <summary>The version is well formed, but not HTTP/1.1.</summary>
    VersionNotSupported,

    /// <summary>The method is not GET.</summary>
    MethodNotAllowed,

    /// <summary>Host is missing, repeated or malformed (RFC 9112 §3.2).</summary>
    BadHost,

    /// <summary>The request announces a body.</summary>
    BodyNotAllowed,

    /// <summary>Nothing is mapped at the path, or the path is one that is never mapped.</summary>
    NotFound,

    /// <summary>The request does not ask to upgrade to <c>GHMS/0.1</c>.</summary>
    UpgradeRequired,

    /// <summary><c>GHMS-Timeout</c> is repeated, malformed or out of range.</summary>
    BadTimeout,

    /// <summary><c>GHMS-Max-Message-Size</c> is repeated, malformed or out of range.</summary>
    BadMaxMessageSize,

    /// <summary>No encoding of the server is acceptable to the client.</summary>
    NotAcceptable,

    /// <summary>The host's own check wants to know who asks.</summary>
    Unauthorized,

    /// <summary>The host's own check says no.</summary>
    Forbidden,

    /// <summary>The host's own check took too long.</summary>
    AdmissionTimeout,

    /// <summary>The host's own check failed.</summary>
    AdmissionFailed,

    /// <summary>The server holds as many connections as it may.</summary>
    NoRoom,

    /// <summary>The server holds as many connections from this address as it may.</summary>
    NoRoomForAddress,

    /// <summary>The server is going away.</summary>
    ShuttingDown,
}
