using System.Buffers;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Messages;

/// <summary>A registered message type with its codecs, one for each encoding by ordinal.</summary>
internal sealed class MessageType(uint code, Type type, MessageKind kind, int fixedEncoding, MessageCodec[] codecs)
{
    private int _unhandled;

    public uint Code { get; } = code;

    public Type Type { get; } = type;

    public MessageKind Kind { get; } = kind;

    /// <summary>Whether messages of this type may be dropped where a consumer is too slow for them.</summary>
    public OverflowRule? Overflow { get; set; }

    /// <summary>The ordinal of the encoding this type always uses, or -1 for the connection's own.</summary>
    public int FixedEncoding { get; } = fixedEncoding;

    /// <summary>Which of the two frames of a send a connection gets: encoded once per ordinal, once in all for a fixed encoding.</summary>
    public int OrdinalFor(int connectionEncoding) => FixedEncoding >= 0 ? FixedEncoding : connectionEncoding;

    public void Encode(object message, int ordinal, IBufferWriter<byte> output) => codecs[ordinal].Encode(message, output);

    /// <exception cref="GhmsProtocolException">The payload cannot be decoded, or breaks the rules of the extension it belongs to.</exception>
    public object Decode(ReadOnlyMemory<byte> payload, int connectionEncoding)
    {
        try
        {
            return Checked(CodecFor(connectionEncoding).Decode(payload));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException && !IsVerdict(exception))
        {
            throw Undecodable(exception);
        }
    }

    /// <exception cref="GhmsProtocolException">The payload cannot be decoded, or breaks the rules of the extension it belongs to.</exception>
    public object Decode(in ReadOnlySequence<byte> payload, int connectionEncoding)
    {
        try
        {
            return Checked(CodecFor(connectionEncoding).Decode(payload));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException && !IsVerdict(exception))
        {
            throw Undecodable(exception);
        }
    }

    private MessageCodec CodecFor(int connectionEncoding) => codecs[OrdinalFor(connectionEncoding)];

    // Handlers rely on the type without a check of their own.
    private object Checked(object? message) =>
        message is not null && (message.GetType() == Type || Type.IsInstanceOfType(message)) ? message : throw Returned(message);

    private InvalidOperationException Returned(object? message) => new($"The codec of {Type} returned {message?.GetType().ToString() ?? "null"}.");

    private GhmsProtocolException Undecodable(Exception exception) =>
        new(CloseStatus.InvalidPayload, $"A payload of code {Code} cannot be decoded.") { Cause = exception };

    // The codec of an extension knows the protocol: what it says is wrong stands.
    private bool IsVerdict(Exception exception) => Kind != MessageKind.Application && exception is GhmsProtocolException;

    /// <summary>Counts a message that no handler took.</summary>
    /// <returns>Whether it is the first of this type.</returns>
    public bool CountUnhandled() => Interlocked.Increment(ref _unhandled) == 1;
}
