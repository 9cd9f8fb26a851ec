using System.Buffers;

namespace Bedrock.Ghms.Messages;

/// <summary>One message type as an application registers it; checked and turned into codecs when the broker starts.</summary>
public abstract class MessageRegistration
{
    private protected MessageRegistration(uint code, Type type, string? encoding, MessageKind kind)
    {
        Code = code;
        Type = type;
        Encoding = encoding;
        Kind = kind;
    }

    /// <summary>The message code.</summary>
    public uint Code { get; }

    /// <summary>The message type.</summary>
    public Type Type { get; }

    /// <summary>The media type this message always uses, or <see langword="null"/> for the connection's own.</summary>
    public string? Encoding { get; }

    /// <summary>What the code stands for.</summary>
    public MessageKind Kind { get; }

    /// <summary>Registers <typeparamref name="T"/> under <paramref name="code"/>.</summary>
    /// <typeparam name="T">The message type.</typeparam>
    /// <param name="code">The message code.</param>
    /// <param name="factory">Makes the instances that are filled on receive; needed by types that read themselves.</param>
    /// <param name="encoding">The media type to use whatever the connection negotiated.</param>
    /// <param name="kind">What the code stands for.</param>
    public static MessageRegistration Create<T>(
        uint code, Func<T>? factory = null, string? encoding = null, MessageKind kind = MessageKind.Application)
        where T : notnull => new Typed<T>(code, factory, encoding, kind);

    /// <summary>Registers a message of an extension that carries another message.</summary>
    /// <typeparam name="T">The envelope's type.</typeparam>
    /// <param name="code">A code from 0xFFFFFF00 up.</param>
    /// <param name="codec">Writes and reads it, whatever encoding a connection has.</param>
    /// <param name="kind">When it is dispatched.</param>
    public static MessageRegistration CreateEnvelope<T>(uint code, EnvelopeCodec<T> codec, MessageKind kind = MessageKind.Extension)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(codec);
        return new Envelope<T>(code, codec, kind);
    }

    /// <param name="encoding">The encoding that the codec is for.</param>
    /// <param name="inner">What an envelope carries in that encoding.</param>
    internal abstract MessageCodec CreateCodec(MessageEncoding encoding, InnerMessages inner);

    private sealed class Typed<T>(uint code, Func<T>? factory, string? encoding, MessageKind kind)
        : MessageRegistration(code, typeof(T), encoding, kind)
        where T : notnull
    {
        internal override MessageCodec CreateCodec(MessageEncoding encoding, InnerMessages inner) => encoding.CreateCodec(factory);
    }

    private sealed class Envelope<T>(uint code, EnvelopeCodec<T> codec, MessageKind kind)
        : MessageRegistration(code, typeof(T), encoding: null, kind)
        where T : notnull
    {
        internal override MessageCodec CreateCodec(MessageEncoding encoding, InnerMessages inner) => new Bound(codec, inner);

        private sealed class Bound(EnvelopeCodec<T> codec, InnerMessages inner) : MessageCodec
        {
            public override void Encode(object message, IBufferWriter<byte> output) => codec.Encode((T)message, inner, output);

            public override object Decode(in ReadOnlySequence<byte> payload) => codec.Decode(payload, inner);

            public override object Decode(ReadOnlyMemory<byte> payload) => codec.Decode(payload, inner);
        }
    }
}
