namespace Bedrock.Ghms;

/// <summary>The kinds of error of this library.</summary>
public enum GhmsError
{
    /// <summary>The connection, or the whole broker, has ended.</summary>
    ConnectionClosed,

    /// <summary>Two message types were registered with one code.</summary>
    DuplicateMessageCode,

    /// <summary>The configuration breaks at least one rule.</summary>
    InvalidConfig,

    /// <summary>An encoding was asked for that is not registered.</summary>
    InvalidEncoding,

    /// <summary>A message's type or code is not registered, or may not be.</summary>
    InvalidMessageCode,

    /// <summary>A message was sent to everyone, but nobody is connected.</summary>
    NoConnections,

    /// <summary>A message is larger than this side may send or its peer accepts.</summary>
    MessageTooLarge,

    /// <summary>The peer refused the upgrade, or its answer was not a GHMS upgrade.</summary>
    UpgradeFailed,

    /// <summary>A send reached some recipients and failed for others.</summary>
    SendFailed,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolViolation,

    /// <summary>The server refused a subscription.</summary>
    SubscriptionRefused,

    /// <summary>A request got no answer that can be used.</summary>
    RequestFailed,

    /// <summary>The TLS handshake failed.</summary>
    TlsFailed,

    /// <summary>A proxy did not let the client through.</summary>
    ProxyFailed,
}
