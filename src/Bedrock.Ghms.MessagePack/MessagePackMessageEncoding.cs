using Bedrock.Ghms.Messages;
using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.MessagePack;

/// <summary>
/// Carries messages as MessagePack, <c>application/vnd.msgpack</c> (also <c>application/msgpack</c> and <c>application/x-msgpack</c>), by
/// MessagePack-CSharp. Immutable and safe for concurrent use.
/// </summary>
/// <remarks>
/// <para>Types are written as their MessagePack attributes say; those without are maps keyed by property name and must be public. Names are read with regard to
/// case, unknown keys are skipped, and a missing member keeps its default. After decoding, a member that may not be null and is either <see langword="required"/>
/// or a constructor parameter without a default value must not be null, in nested objects too.</para>
/// <para>Payloads are treated as hostile: invalid UTF-8, more than 64 levels (also in what is skipped), lengths beyond the payload, bytes
/// left over, and nil as the whole message are refused before any object is created. Nothing is compressed.</para>
/// </remarks>
public sealed class MessagePackMessageEncoding : MessageEncoding
{
    internal const int MaxDepth = 64;

    private readonly MessagePackSerializerOptions _options;
    private readonly MessagePackSerializerOptions _skipping;

    /// <summary>Creates an encoding.</summary>
    /// <param name="resolver">Asked first for the formatter of each type; what it does not know, the standard and then the
    /// contractless resolver provide. None by default.</param>
    /// <exception cref="ArgumentException">The resolver is typeless: it would let the peer choose which types are created.</exception>
    public MessagePackMessageEncoding(IFormatterResolver? resolver = null)
        : base(MediaTypes.MessagePack, "application/msgpack", "application/x-msgpack")
    {
        if (TypelessFormatters.IsTypeless(resolver?.GetFormatter<object>()))
        {
            throw new ArgumentException("A typeless resolver lets the peer choose which types are created.", nameof(resolver));
        }

        _options = MessagePackSerializerOptions.Standard
            .WithResolver(new MessageResolver(resolver))
            .WithSecurity(MessagePackSecurity.UntrustedData.WithMaximumObjectGraphDepth(MaxDepth));
        _skipping = _options.WithResolver(new MessageResolver(resolver, skipsEmptyKeys: true));
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">There is no formatter for <typeparamref name="T"/>, it is typeless, or there is a factory:
    /// formatters create their objects themselves.</exception>
    public override MessageCodec CreateCodec<T>(Func<T>? factory)
    {
        if (factory is not null)
        {
            throw new NotSupportedException($"{typeof(T)} cannot have a factory in {MediaType}: formatters create their objects themselves.");
        }

        return new MessagePackMessageCodec<T>(Formatter<T>(), _options, _skipping);
    }

    private IMessagePackFormatter<T> Formatter<T>()
    {
        IMessagePackFormatter<T>? formatter;
        try
        {
            formatter = _options.Resolver.GetFormatter<T>();
        }
        // Formatters are generated in static constructors, so that the reason arrives wrapped, once or more.
        catch (Exception failure) when (failure is TypeInitializationException or MessagePackSerializationException)
        {
            throw new NotSupportedException($"{typeof(T)} cannot be carried as {MediaType}: {failure.GetBaseException().Message}", failure);
        }

        return formatter ?? throw new NotSupportedException($"{typeof(T)} cannot be carried as {MediaType}: there is no formatter for it.");
    }
}
