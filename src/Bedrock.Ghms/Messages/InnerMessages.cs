using System.Buffers;
using System.Buffers.Binary;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Messages;

/// <summary>
/// The application's messages as one encoding carries them inside an envelope: what an <see cref="EnvelopeCodec{T}"/> writes and reads
/// its content with. A broker has one instance for each of its encodings. Safe for concurrent use.
/// </summary>
/// <remarks>Close, Heartbeat and the messages of extensions are never inside an envelope.</remarks>
public sealed class InnerMessages
{
    private readonly int _ordinal;
    private MessageRegistry? _registry;

    // One message is mostly of the type of the one before it. Threads that race for the field only make it less useful.
    private MessageType? _last;

    internal InnerMessages(MessageEncoding encoding, int ordinal)
    {
        Encoding = encoding.MediaType;
        _ordinal = ordinal;
    }

    /// <summary>The media type of the connections that this stands for, in its canonical form.</summary>
    public string Encoding { get; }

    private MessageRegistry Registry => _registry ?? throw new InvalidOperationException("The broker is still starting.");

    /// <summary>Whether <paramref name="code"/> is one of the application's registered codes.</summary>
    public bool IsKnown(uint code) => Find(code) is not null;

    /// <summary>Whether a message of the application can be a <paramref name="type"/>: whether it, or one derived from it, is registered.</summary>
    public bool IsKnown(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return Registry.Types.Any(known => known.Kind == MessageKind.Application && type.IsAssignableFrom(known.Type));
    }

    /// <summary>The code that <see cref="Encode"/> would write.</summary>
    /// <param name="message">An instance of a registered type, or a <see cref="RawMessage"/>.</param>
    /// <exception cref="GhmsInvalidMessageCodeException">The type is not registered, or the code may not stand inside an envelope.</exception>
    public uint CodeOf(object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message is RawMessage raw ? Application(raw) : Application(message).Code;
    }

    /// <summary>The media type, in its canonical form, of payloads of <paramref name="code"/>: the one that its type is fixed to, else
    /// <see cref="Encoding"/>. Payloads for which two instances say the same can be passed on as they are.</summary>
    public string EncodingOf(uint code) => Registry.Encodings[OrdinalOf(code)].MediaType;

    /// <summary>Writes the code of <paramref name="message"/>, four bytes, and its payload behind it.</summary>
    /// <param name="message">An instance of a registered type, or a <see cref="RawMessage"/>.</param>
    /// <param name="output">What the envelope is written to.</param>
    /// <exception cref="GhmsInvalidMessageCodeException">The type is not registered, or the code may not stand inside an envelope.</exception>
    /// <exception cref="GhmsInvalidEncodingException">A raw message is in another encoding.</exception>
    public void Encode(object message, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(output);
        if (message is RawMessage raw)
        {
            EncodeRaw(raw, output);
            return;
        }

        var type = Application(message);
        WriteCode(type.Code, output);
        type.Encode(message, type.OrdinalFor(_ordinal), output);
    }

    /// <summary>Reads a message that was inside an envelope.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="payload">Exactly its payload; borrowed until this method returns.</param>
    /// <exception cref="GhmsProtocolException">The code is not one of the application's registered codes (status 1003), or the payload
    /// cannot be decoded (status 1007).</exception>
    public object Decode(uint code, in ReadOnlySequence<byte> payload) => Known(code).Decode(payload, _ordinal);

    /// <summary>Reads a message that was inside an envelope and whose payload is in one piece.</summary>
    /// <inheritdoc cref="Decode(uint, in ReadOnlySequence{byte})"/>
    public object Decode(uint code, ReadOnlyMemory<byte> payload) => Known(code).Decode(payload, _ordinal);

    internal void Complete(MessageRegistry registry) => _registry = registry;

    private static void WriteCode(uint code, IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(sizeof(uint)), code);
        output.Advance(sizeof(uint));
    }

    /// <exception cref="GhmsProtocolException">The code is not one of the application's.</exception>
    private MessageType Known(uint code) => _last is { } last && last.Code == code ? last : _last = Find(code)
        ?? throw new GhmsProtocolException(CloseStatus.UnknownMessageCode, $"Code {code} is not registered, or may not stand inside a message.");

    private MessageType Application(object message)
    {
        if (_last is { } last && last.Type == message.GetType())
        {
            return last;
        }

        var type = Registry.Find(message.GetType());
        return type.Kind == MessageKind.Application
            ? _last = type
            : throw new GhmsInvalidMessageCodeException($"{type.Type} belongs to an extension and cannot stand inside another message.");
    }

    private uint Application(RawMessage raw) =>
        Registry.IsApplicationCode(raw.Code)
            ? raw.Code
            : throw new GhmsInvalidMessageCodeException($"Code {raw.Code} cannot stand inside another message.");

    private MessageType? Find(uint code) => Registry.Find(code) is { Kind: MessageKind.Application } type ? type : null;

    private int OrdinalOf(uint code) => Find(code)?.OrdinalFor(_ordinal) ?? _ordinal;

    private void EncodeRaw(RawMessage raw, IBufferWriter<byte> output)
    {
        var code = Application(raw);
        if (raw.Encoding is { } encoding && MessageRegistry.OrdinalOf(Registry.Encodings, encoding) != OrdinalOf(code))
        {
            throw new GhmsInvalidEncodingException($"A raw message in {encoding} cannot stand where {EncodingOf(code)} is spoken.");
        }

        WriteCode(code, output);
        output.Write(raw.Payload.Span);
    }
}
