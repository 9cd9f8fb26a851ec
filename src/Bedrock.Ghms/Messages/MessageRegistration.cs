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

    internal abstract MessageCodec CreateCodec(MessageEncoding encoding);

    private sealed class Typed<T>(uint code, Func<T>? factory, string? encoding, MessageKind kind)
        : MessageRegistration(code, typeof(T), encoding, kind)
        where T : notnull
    {
        internal override MessageCodec CreateCodec(MessageEncoding encoding) => encoding.CreateCodec(factory);
    }
}
