using System.Buffers;

namespace Bedrock.Ghms.Protocol.Framing;

/// <summary>One message as it stands on the wire: its code and its encoded payload.</summary>
/// <param name="code">The message code.</param>
/// <param name="payload">The payload. A reader's payload borrows the input: it is valid until the input is advanced.</param>
public readonly struct Frame(uint code, ReadOnlySequence<byte> payload)
{
    /// <summary>The message code.</summary>
    public uint Code { get; } = code;

    /// <summary>The payload, borrowed from whoever made this frame.</summary>
    public ReadOnlySequence<byte> Payload { get; } = payload;
}
